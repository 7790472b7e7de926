"""Making the masks of a scene's views, view by view."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from ..cameras.camera import Camera
from ..cameras.spread_out import spread_out
from ..progress import Report, silent
from .store import MaskStore
from .view_masks import ViewMasks


class FindsMasks(Protocol):
    """Finds the masks of a picture; `backend.masks.sam.MaskGenerator` is one."""

    def estimate(self) -> tuple[str, float]: ...

    def generate(self, image: np.ndarray, report: Report = silent) -> ViewMasks: ...


def views_without_masks(
    cameras: Sequence[Camera], store: MaskStore, report: Report = silent
) -> list[Camera]:
    """The views whose masks the store lacks, or holds in a damaged file; any first few spread out.

    An interrupted run of `make_masks` so goes on where it was.
    """
    missing = []
    for done, camera in enumerate(cameras):
        report("Looking for masks", done / len(cameras))
        if not store.holds(camera.name):
            missing.append(camera)
    return spread_out(missing)


def make_masks(
    cameras: Sequence[Camera],
    store: MaskStore,
    generator: FindsMasks,
    picture: Callable[[Camera], np.ndarray],
    report: Report = silent,
    max_minutes: float = 0.0,
) -> None:
    """Make and store the masks of views, in their order.

    Args:
        cameras: the views.
        store: is filled.
        generator: finds the masks.
        picture: of a view, uint8 [H, W, 3] RGB.
        report: called often.
        max_minutes: after that time no further view is begun; 0 for no limit.

    Raises:
        BadInput: a picture cannot be read.
    """
    deadline = time.monotonic() + 60 * max_minutes if max_minutes else math.inf
    report(_announcement(len(cameras), *generator.estimate(), max_minutes), 0.0)
    for done, camera in enumerate(cameras):
        if done and time.monotonic() > deadline:
            break
        step = _part_of(report, camera.name, done, len(cameras))
        store.write(camera.name, generator.generate(picture(camera), step))
        step("", 1.0)
    report("Making masks", 1.0)


def _announcement(views: int, how: str, seconds: float, max_minutes: float) -> str:
    """What is about to be done, and how long that takes."""
    minutes = math.ceil(views * seconds / 60)
    text = f"Masks of {views} views, {how}: about {minutes} min"
    return f"{text}, stopping after {max_minutes:g}" if 0 < max_minutes < minutes else text


def _part_of(report: Report, view_name: str, done: int, total: int) -> Report:
    """A report of one view's progress as a part of all."""

    def step(stage: str, fraction: float, detail: str = "") -> None:
        report(
            "Making masks", (done + fraction) / total, ", ".join(filter(None, [view_name, detail]))
        )

    return step
