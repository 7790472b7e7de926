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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backend.cameras.camera import Camera
from backend.cli import ProgressBar
from backend.engine import Engine
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.concatenate import concatenate
from backend.gaussians.ply import write_ply
from backend.gaussians.transform import transform
from backend.protocol import Render, Select, Train
from backend.rendering import make_rasterizer

from .clicks import SCALES, iou, selected_by, try_scales
from .pictures import marked, most_interior, on_background, save, sheet
from .synthetic import SyntheticScene, make_scene, write_scene

SIZE = (720, 540)  # of the pictures
STEPS_IN_BLENDER = 100  # enough to see that training works there too
LIFT = (0.0, -1.3, 0.0)  # how far the split mug is moved up in the last picture


@dataclass(frozen=True)
class Outcome:
    """What a click selected."""

    iou: float
    scale: float
    mask: np.ndarray  # boolean [N]


class Demo:
    """The trained scene, and the truth that its clicks are measured against."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ply = folder / "tabletop.ply"
        self.engine = Engine()
        self.scene: SyntheticScene = make_scene()
        with ProgressBar() as report:
            self.part_maps = write_scene(self.scene, self.ply, report)

    def gaussians_of(self, target: str) -> np.ndarray:
        """Which Gaussians belong to a target, boolean [N]."""
        return np.isin(self.scene.part_labels, self.scene.parts_of(target))

    def camera(self, click: Select) -> Camera:
        """The camera that a click looks through."""
        return next(camera for camera in self.scene.cameras if camera.name == click.view)

    def click_on(self, target: str) -> Select:
        """A click in the middle of a target, in the view that shows most of it."""
        shown = [np.isin(parts, self.scene.parts_of(target)) for parts in self.part_maps]
        best = max(range(len(shown)), key=lambda view: np.count_nonzero(shown[view]))
        column, row = most_interior(shown[best])
        view = self.scene.cameras[best].name
        return Select(scene=str(self.ply), view=view, pixel=(column + 0.5, row + 0.5))

    def try_click(self, click: Select, target: str) -> Outcome:
        """The click at the scale of ten that fits the target best."""
        masks, wanted = try_scales(self.engine, click), self.gaussians_of(target)
        fits = [iou(mask, wanted) for mask in masks]
        best = int(np.argmax(fits))
        return Outcome(fits[best], float(SCALES[best]), masks[best])

    def mean_iou(self, title: str, targets: Sequence[str]) -> float:
        """Click every target once and print what came of it."""
        outcomes = {target: self.try_click(self.click_on(target), target) for target in targets}
        print(f"\n{title:28} IoU  scale")
        for target, outcome in outcomes.items():
            print(f"  {target:26} {outcome.iou:.2f}  {outcome.scale:.1f}")
        return float(np.mean([outcome.iou for outcome in outcomes.values()]))

    def mean_iou_automatic(self, targets: Sequence[str]) -> float:
        """The same at the scale that the engine finds by itself."""
        clicks = {target: replace(self.click_on(target), scale=None) for target in targets}
        return float(
            np.mean(
                [
                    iou(selected_by(self.engine, click), self.gaussians_of(target))
                    for target, click in clicks.items()
                ]
            )
        )

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
    with ProgressBar() as report:
        trained = demo.engine.handle(Train(scene=str(demo.ply)), report)
    print(f"trained on {trained.masks} masks of {trained.views} views in {trained.seconds:.0f} s")
    things = {thing: demo.scene.parts_of(thing) for thing in demo.scene.object_names}
    several = [demo.scene.part_names[k] for parts in things.values() for k in parts if parts[1:]]
    iou_object = demo.mean_iou("objects", [*things])
    iou_part = demo.mean_iou("parts", several)
    click_and_split(demo)
    if arguments.blender:
        same_in_blender(demo, arguments.blender, arguments.extension)
    results = {
        "iou_object": round(iou_object, 3),
        "iou_object_auto": round(demo.mean_iou_automatic([*things]), 3),
        "iou_part": round(iou_part, 3),
        "train_s": round(trained.seconds, 1),
        "total_s": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
