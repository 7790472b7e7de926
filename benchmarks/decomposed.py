"""A picture of a real scene taken apart: photograph, objects, and their parts, for the README.

`make pictures` runs it. The scene is trained unless the work folder holds a trained one.
"""

import argparse
from pathlib import Path

import numpy as np

from backend.cameras.photographs import load_photograph
from backend.engine import Engine
from backend.protocol import Decompose, Decomposed
from backend.workspace import Workspace

from .pictures import save, sheet
from .real import DATA, RealScene, prepare, train

SHADE = 0.65  # of an object's colour over the photograph


def painted(scene: RealScene, view: str, found: Decomposed, level: int) -> np.ndarray:
    """A photograph with each object of a level in its colour, uint8 [H, W, 3]."""
    camera, labels = scene.cameras[view], found.labels[level]
    colors = np.where(labels[:, None] >= 0, found.colors[labels], 0).astype(np.float32)
    assigned = (labels >= 0).astype(np.float32)[:, None]
    drawn = scene.rasterizer.render(camera, np.hstack([colors, assigned])).values
    share = SHADE * drawn[..., 3:]
    color = drawn[..., :3] / np.maximum(drawn[..., 3:], 1e-6)
    return (load_photograph(camera) * (1 - share) + color * share).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with scenes/ and models/")
    parser.add_argument("--scene", default="kitchen")
    parser.add_argument("--view", help="the view that is drawn (default: the first)")
    parser.add_argument("--scales", type=float, nargs=2, default=(0.5, 0.1))
    parser.add_argument("--folder", type=Path, default=Path("build/pictures"), help="for training")
    parser.add_argument("--output", type=Path, default=Path("docs/decomposed.jpg"))
    arguments = parser.parse_args()
    source = arguments.data / "scenes" / arguments.scene
    scene, engine = prepare(source, arguments.folder / arguments.scene), Engine()
    if not Workspace(scene.ply).field.is_file():
        train(engine, scene, arguments.data / "models/mobile_sam/mobile_sam.pt", 10)
    found = engine.handle(Decompose(str(scene.ply), tuple(arguments.scales)))
    view = arguments.view or next(iter(scene.cameras))
    counts = [len(np.unique(labels[labels >= 0])) for labels in found.labels]
    titled = [("photograph", load_photograph(scene.cameras[view]))]
    for level, what in enumerate(("objects", "parts")):
        title = f"scale {found.scales[level]:g}: {counts[level]} {what}"
        titled.append((title, painted(scene, view, found, level)))
    save(sheet(titled, columns=len(titled)), arguments.output)
    print(f"Saved {arguments.output}")


if __name__ == "__main__":
    main()
