"""A synthetic scene on disk, trained, and the truth that what is selected in it is measured by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backend.cameras.camera import Camera
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.protocol import Select, Train, Trained

from .clicks import SCALES, iou, selected_by, try_scales
from .pictures import most_interior
from .synthetic import make_scene, write_scene


@dataclass(frozen=True)
class Outcome:
    """What a click selected at the best scale of ten."""

    iou: float
    scale: float
    mask: np.ndarray  # boolean [N]


class Trial:
    """One of the synthetic scenes, with its exact masks beside it."""

    def __init__(
        self, folder: Path, kind: str = "tabletop", gaussians: int = 100_000, views: int = 40
    ) -> None:
        self.folder = folder
        self.ply = folder / f"{kind}.ply"
        self.engine = Engine()
        self.scene = make_scene(kind, gaussians, views)
        with ProgressBar() as report:
            self.part_maps = write_scene(self.scene, self.ply, report)

    def train(self) -> Trained:
        """Train with the default recipe."""
        with ProgressBar() as report:
            return self.engine.handle(Train(scene=str(self.ply)), report)

    @property
    def objects(self) -> tuple[str, ...]:
        """All whole things, what the others stand on included."""
        return self.scene.object_names

    @property
    def parts(self) -> list[str]:
        """The parts of all things that have several."""
        things = [self.scene.parts_of(thing) for thing in self.objects]
        return [self.scene.part_names[k] for parts in things for k in parts if parts[1:]]

    def gaussians_of(self, target: str) -> np.ndarray:
        """Which Gaussians belong to a target, boolean [N]."""
        return np.isin(self.scene.part_labels, self.scene.parts_of(target))

    def shown(self, target: str, view: int) -> np.ndarray:
        """Which pixels of a view show a target, boolean [H, W]."""
        return np.isin(self.part_maps[view], self.scene.parts_of(target))

    def camera(self, click: Select) -> Camera:
        """The camera that a click looks through."""
        return next(camera for camera in self.scene.cameras if camera.name == click.view)

    def click_on(self, target: str) -> Select:
        """A click in the middle of a target, in the view that shows most of it."""
        views = range(len(self.scene.cameras))
        best = max(views, key=lambda view: np.count_nonzero(self.shown(target, view)))
        column, row = most_interior(self.shown(target, best))
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

    def automatic(self, targets: Sequence[str], steps: Sequence[int] = (0,)) -> float:
        """Mean IoU at the scale that the engine finds, or at the best of some steps from there."""
        fits = []
        for target in targets:
            click, wanted = replace(self.click_on(target), scale=None), self.gaussians_of(target)
            found = (selected_by(self.engine, replace(click, step=step)) for step in steps)
            fits.append(max(iou(mask, wanted) for mask in found))
        return float(np.mean(fits))
