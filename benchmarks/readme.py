"""The pictures of a real scene in the README: taken apart, and what words find in it.

`make pictures` runs it, with the stand-in text-image model. The scene is trained unless the work
folder holds a trained one.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend.cameras.photographs import load_photograph
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.protocol import Decompose, Find
from backend.workspace import Workspace

from .pictures import overlay, save, sheet
from .real import DATA, RealScene, prepare, train

SCALES = {0.5: "objects", 0.1: "parts"}
WORDS = ("the toy tractor", "an elephant")
SHADE = 0.65  # of an object's colour over the photograph

Titled = Iterator[tuple[str, np.ndarray]]


def decomposed(engine: Engine, scene: RealScene, view: str) -> Titled:
    """The photograph with each object, and each part, in its colour."""
    found = engine.handle(Decompose(str(scene.ply), tuple(SCALES)))
    for scale, labels in zip(found.scales, found.labels, strict=True):
        count = len(np.unique(labels[labels >= 0]))
        yield (
            f"scale {scale:g}: {count} {SCALES[scale]}",
            painted(scene, view, labels, found.colors),
        )


def painted(scene: RealScene, view: str, labels: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """A photograph under the colour of each Gaussian's label, if it has one, uint8 [H, W, 3]."""
    camera, assigned = scene.cameras[view], (labels >= 0)[:, None]
    values = np.hstack([np.where(assigned, colors[labels], 0), assigned]).astype(np.float32)
    drawn = scene.rasterizer.render(camera, values).values
    share = SHADE * drawn[..., 3:]
    color = drawn[..., :3] / np.maximum(drawn[..., 3:], 1e-6)
    return (load_photograph(camera) * (1 - share) + color * share).astype(np.uint8)


def found(engine: Engine, scene: RealScene, view: str) -> Titled:
    """The photograph with what each of the words finds."""
    photograph = load_photograph(scene.cameras[view])
    place = {"views": str(scene.source), "masks": str(scene.source / "sam_masks"), "most": 1}
    model = str(DATA / "models/text_image_conse")
    for words in WORDS:
        with ProgressBar() as report:
            reply = engine.handle(Find(str(scene.ply), words, model, **place), report)
        if len(reply.counts):
            mask = np.unpackbits(reply.masks[0], count=reply.total).astype(bool)
            yield f"{words}: {reply.best:.2f}", overlay(photograph, scene.seen(view, mask[None])[0])
        else:
            yield f"{words}: nothing here is like it", photograph


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scene", default="kitchen")
    parser.add_argument("--view", help="the view that is drawn (default: the first)")
    parser.add_argument("--folder", type=Path, default=Path("build/pictures"), help="for training")
    parser.add_argument("--output", type=Path, default=Path("docs"), help="folder of the pictures")
    arguments = parser.parse_args()
    engine = Engine()
    scene = prepare(DATA / "scenes" / arguments.scene, arguments.folder / arguments.scene)
    if not Workspace(scene.ply).field.is_file():
        train(engine, scene)
    view = arguments.view or next(iter(scene.cameras))
    photograph = ("photograph", load_photograph(scene.cameras[view]))
    for draw in (decomposed, found):
        titled = [photograph, *draw(engine, scene, view)]
        save(sheet(titled, columns=len(titled)), path := arguments.output / f"{draw.__name__}.jpg")
        print(f"Saved {path}")


if __name__ == "__main__":
    main()
