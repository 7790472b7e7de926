"""The whole line on a synthetic tabletop: make, train, click, split, export; `make demo` runs it.

Last line of the output: JSON with the mean IoU of one-click selections of whole
objects and of parts with the truth, each at the best of ten scales; of objects
at the automatic scale too.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from backend.cameras.camera import Camera
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.concatenate import concatenate
from backend.gaussians.ply import write_ply
from backend.gaussians.transform import transform
from backend.protocol import Render
from backend.rendering import make_rasterizer

from .pictures import marked, on_background, save, sheet
from .trial import Trial, mean_iou

SIZE = (720, 540)  # of the pictures
STEPS_IN_BLENDER = 100  # enough to see that training works there too
LIFT = (0.0, -1.3, 0.0)  # how far the split mug is moved up in the last picture


class Demo(Trial):
    """The tabletop, and pictures of it."""

    def draw(self, view: str, what: str, selection: np.ndarray | None = None) -> np.ndarray:
        """What the engine draws of a view, over a light background."""
        image, alpha = (
            self.engine.handle(
                Render(scene=str(self.ply), view=view, what=kind, selection=selection, size=SIZE)
            ).image
            for kind in (what, "alpha")
        )
        return on_background(image / 255, alpha[..., 0] / 255)


def click_and_split(demo: Demo) -> None:
    """One click on the mug's handle at three scales; the mug split off; all of it in pictures."""
    click = demo.click_on("mug/handle")
    view = demo.camera(click)
    on_picture = np.array(click.pixel) * SIZE / (view.width, view.height)
    pictures = [
        ("click on the handle", marked(demo.draw(view.name, "color"), on_picture)),
        ("features", demo.draw(view.name, "features")),
    ]
    print("\none click on the handle")
    for target in ("mug/handle", "mug", "tea tray"):
        found = demo.try_click(click, target)
        print(f"  {target:26} {found.iou:.2f}  {found.scale:.1f}")
        title = f"scale {found.scale:.1f}: {target}"
        pictures.append((title, demo.draw(view.name, "selection", found.mask)))
        if target == "mug":
            mug, rest = demo.scene.cloud.subset(found.mask), demo.scene.cloud.subset(~found.mask)
    write_ply(demo.folder / "mug.ply", mug)
    write_ply(demo.folder / "rest.ply", rest)
    print(f"split: mug.ply has {len(mug):,} Gaussians, rest.ply {len(rest):,}")
    pictures.append(("split and moved", draw_apart(mug, rest, view)))
    for title, picture in pictures:
        save(picture, demo.folder / f"{title.split(': ')[-1].replace('/', ' ')}.png")
    save(sheet(pictures, columns=3), demo.folder / "tabletop.jpg")


def draw_apart(part: GaussianCloud, rest: GaussianCloud, view: Camera) -> np.ndarray:
    """The rest with the part lifted off."""
    lift = np.eye(4)
    lift[:3, 3] = LIFT
    rasterizer = make_rasterizer(concatenate([transform(part, lift), rest]), "cpu")
    drawn = rasterizer.render(view.resized(*SIZE))
    return on_background(drawn.values, drawn.alpha)


def same_in_blender(demo: Demo, blender: Path, extension: Path) -> None:
    """The same line through the extension's operators, in a Blender without a window."""
    click = demo.click_on("mug/handle")
    camera = demo.camera(click)
    towards = camera.unproject(np.array([click.pixel]) - 0.5, np.ones(1))[0] - camera.position
    truth = demo.folder / "mug_truth.npy"
    np.save(truth, demo.gaussians_of("mug"))
    script = Path(__file__).with_name("demo_in_blender.py")
    command = [blender, script, extension, sys.executable, demo.ply]
    command += ["--output", demo.folder / "blender", "--truth", truth]
    command += ["--scale", demo.try_click(click, "mug").scale, "--steps", STEPS_IN_BLENDER]
    command += ["--ray", *camera.position, *towards]
    subprocess.run([str(argument) for argument in command], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="for all results")
    parser.add_argument("--blender", type=Path, help="Python that has bpy")
    parser.add_argument("--extension", type=Path, help="the built extension, a .zip")
    arguments = parser.parse_args()
    started = time.perf_counter()
    demo = Demo(arguments.folder)
    trained = demo.train()
    print(f"trained on {trained.masks} masks of {trained.views} views in {trained.seconds:.0f} s")
    objects, parts = demo.scene.object_names, demo.scene.parts
    iou_object, iou_part = (mean_iou(demo.one_click(targets)) for targets in (objects, parts))
    click_and_split(demo)
    if arguments.blender:
        same_in_blender(demo, arguments.blender, arguments.extension)
    results = {
        "iou_object": round(iou_object, 3),
        "iou_object_auto": round(demo.automatic(objects), 3),
        "iou_part": round(iou_part, 3),
        "train_s": round(trained.seconds, 1),
        "total_s": round(time.perf_counter() - started, 1),
    }
    print(f"\nPictures are in {demo.folder}, all of them in tabletop.jpg.")
    print(f"{demo.ply} is trained: import it in Blender and click.")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
