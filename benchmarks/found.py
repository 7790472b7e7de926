"""A picture of what words find in a real scene, for the README.

`make pictures` runs it, with the stand-in text-image model. The scene is trained unless the work
folder holds a trained one.
"""

import argparse
from pathlib import Path

import numpy as np

from backend.cameras.photographs import load_photograph
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.protocol import Find
from backend.workspace import Workspace

from .pictures import overlay, save, sheet
from .real import DATA, prepare, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with scenes/ and models/")
    parser.add_argument("--scene", default="kitchen")
    parser.add_argument("--view", help="the view that is drawn (default: the first)")
    parser.add_argument("--folder", type=Path, default=Path("build/pictures"), help="for training")
    parser.add_argument("--output", type=Path, default=Path("docs/found.jpg"))
    parser.add_argument("words", nargs="*", default=["the toy tractor", "an elephant"])
    arguments = parser.parse_args()
    source = arguments.data / "scenes" / arguments.scene
    scene, engine = prepare(source, arguments.folder / arguments.scene), Engine()
    if not Workspace(scene.ply).field.is_file():
        train(engine, scene, arguments.data / "models/mobile_sam/mobile_sam.pt", 10)
    view = arguments.view or next(iter(scene.cameras))
    photograph = load_photograph(scene.cameras[view])
    titled = [("photograph", photograph)]
    place = {"views": str(scene.source), "masks": str(scene.source / "sam_masks"), "most": 1}
    model = str(arguments.data / "models/text_image_conse")
    for words in arguments.words:
        with ProgressBar() as report:
            found = engine.handle(Find(str(scene.ply), words, model, **place), report)
        if len(found.counts):
            mask = np.unpackbits(found.masks[0], count=found.total).astype(bool)
            seen = scene.seen(view, mask[None])[0]
            titled.append((f"{words}: {found.best:.2f}", overlay(photograph, seen)))
        else:
            titled.append((f"{words}: nothing here is like it", photograph))
    save(sheet(titled, columns=len(titled)), arguments.output)
    print(f"Saved {arguments.output}")


if __name__ == "__main__":
    main()
