"""What the runners of the published protocols share: prompts from masks, and scores in pixels.

Each scene is a splat trained by `python -m backend train`: FOLDER/SCENE/point_cloud.ply,
its cameras beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from backend.cameras.camera import Camera
from backend.cameras.discover import find_views
from backend.engine import Engine
from backend.protocol import Click, Select

from .clicks import SCALES, selected_by, try_scales
from .fit import iou

POINTS = 10  # clicked on either side


@dataclass(frozen=True)
class Score:
    """Of a selection in one or more views."""

    iou: float
    accuracy: float  # share of pixels


class PublishedScene:
    """A trained splat of a published data set."""

    def __init__(self, engine: Engine, ply: Path) -> None:
        self.engine, self.ply = engine, ply
        self.cameras = {Path(camera.name).stem: camera for camera in find_views(ply)}

    def view_of(self, file: Path) -> str:
        """The view that a file belongs to: the longest name that the file's name begins with."""
        fitting = [stem for stem in self.cameras if file.stem.startswith(stem)]
        if not fitting:
            raise SystemExit(f"{file} belongs to none of the views of {self.ply}.")
        return max(fitting, key=len)

    def clicks(
        self, view: str, side: np.ndarray, wanted: bool, rng: np.random.Generator
    ) -> tuple[Click, ...]:
        """Random points of a mask [H, W] of any size: at most `POINTS`."""
        camera, (height, width) = self.cameras[view], side.shape
        places = np.argwhere(side)
        chosen = places[rng.permutation(len(places))[:POINTS]]
        xy = (chosen[:, ::-1] + 0.5) * [camera.width / width, camera.height / height]
        return tuple(Click(wanted, view, (float(x), float(y))) for x, y in xy)

    def score(self, selection: np.ndarray, truths: Mapping[str, np.ndarray]) -> Score:
        """A selection, boolean [N], against masks [H, W] of views; the mean over the views."""
        scores = [self._score(selection, self.cameras[v], truth) for v, truth in truths.items()]
        return Score(*np.mean(scores, axis=0))

    def _score(
        self, selection: np.ndarray, camera: Camera, truth: np.ndarray
    ) -> tuple[float, float]:
        height, width = truth.shape
        rasterizer = self.engine.open(str(self.ply)).rasterizer
        share = rasterizer.render(
            camera.resized(width, height), selection.astype(np.float32)[:, None]
        ).values
        shown = share[..., 0] > 0.5
        return iou(shown, truth), float((shown == truth).mean())

    def prompted(
        self, clicks: tuple[Click, ...], truths: Mapping[str, np.ndarray]
    ) -> tuple[Score, Score]:
        """What clicks select: at the best scale of ten, and at the automatic one."""
        message = Select(scene=str(self.ply), clicks=clicks)
        scores = [self.score(mask, truths) for mask in try_scales(self.engine, message)]
        best = max(range(len(SCALES)), key=lambda k: scores[k].iou)
        automatic = Select(scene=str(self.ply), clicks=clicks, scale=None)
        return scores[best], self.score(selected_by(self.engine, automatic), truths)


def read_mask(file: Path) -> np.ndarray:
    """A mask from a picture, boolean [H, W]: whatever is not black."""
    image = np.asarray(Image.open(file).convert("L"))
    return image > 127 if image.max() > 1 else image > 0


def report(scores: Mapping[str, tuple[Score, Score]]) -> dict:
    """Print a row for each scene; the means for JSON."""
    print(f"{'scene':24} best of ten: IoU  accuracy   automatic: IoU  accuracy")
    for name, (best, auto) in scores.items():
        print(
            f"{name:24} {best.iou:16.3f} {best.accuracy:9.3f} {auto.iou:16.3f} {auto.accuracy:9.3f}"
        )
    means = {
        kind: Score(*np.mean([[pair[k].iou, pair[k].accuracy] for pair in scores.values()], axis=0))
        for k, kind in enumerate(("best_scale", "auto_scale"))
    }
    return {
        kind: {"miou": round(mean.iou, 4), "macc": round(mean.accuracy, 4)}
        for kind, mean in means.items()
    }
