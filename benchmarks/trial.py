"""A synthetic scene on disk, trained, and the truth that what is selected in it is measured by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backend.cameras.camera import Camera
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.protocol import Select, Train, Trained

from .anew import train_anew
from .clicks import SCALES, selected_by, try_scales
from .fit import iou
from .pictures import most_interior
from .synthetic import make_scene, write_scene


@dataclass(frozen=True)
class Outcome:
    """What a click selected at the best scale of ten."""

    iou: float
    scale: float
    mask: np.ndarray  # boolean [N]


def mean_iou(outcomes: Mapping[str, Outcome]) -> float:
    """Of clicks on several targets."""
    return float(np.mean([outcome.iou for outcome in outcomes.values()]))


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
            return train_anew(self.engine, Train(scene=str(self.ply)), report)

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

    def one_click(self, targets: Sequence[str]) -> dict[str, Outcome]:
        """Click every target once and print what came of it."""
        outcomes = {}
        print(f"\n{'clicked once':28} IoU  scale")
        for target in targets:
            outcomes[target] = found = self.try_click(self.click_on(target), target)
            print(f"  {target:26} {found.iou:.2f}  {found.scale:.1f}", flush=True)
        return outcomes

    def automatic(self, targets: Sequence[str], steps: Sequence[int] = (0,)) -> float:
        """Mean IoU at the scale that the engine finds, or at the best of some steps from there."""
        fits = []
        for target in targets:
            click, wanted = replace(self.click_on(target), scale=None), self.gaussians_of(target)
            found = (selected_by(self.engine, replace(click, step=step)) for step in steps)
            fits.append(max(iou(mask, wanted) for mask in found))
        return float(np.mean(fits))
