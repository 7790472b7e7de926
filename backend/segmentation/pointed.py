"""Marks on a scene to the things that they point at."""

from collections.abc import Sequence

import numpy as np

from ..rendering.rasterizer import RayContributions
from .thing_tree import NEAR, ThingTree


def things_at(
    tree: ThingTree,
    marks: Sequence[RayContributions],
    scale: float | None,
    apart_from: Sequence[RayContributions] = (),
    within: float = NEAR,
) -> list[int | None]:
    """The thing that each mark is on, None where there is none of about the scale.

    Args:
        tree: the things of the scene.
        marks: traced pixels.
        scale: that the things should have; None is that of whole objects.
        apart_from: marks that the things must not hold.
        within: how far from that scale they may be.
    """
    others = np.concatenate([[], *(tree.around(traced) for traced in apart_from)])
    around = (np.setdiff1d(tree.around(traced), others) for traced in marks)
    return [_one(tree, some, scale, within) for some in around]


def _one(tree: ThingTree, around: np.ndarray, scale: float | None, within: float) -> int | None:
    if len(around) == 0:
        return None
    if scale is None:
        return tree.likeliest(around)
    thing = tree.nearest(around, scale)
    return thing if abs(tree.scales[thing] - scale) <= within else None


def next_thing_scale(tree: ThingTree, around: np.ndarray, scale: float | None, step: int) -> float:
    """The scale of the next larger one of things around a mark, or of the next smaller one.

    Below the smallest of them is scale 0, where similarity alone tells what is selected.

    Args:
        tree: the things of the scene.
        around: those around the mark, smallest first, at least one.
        scale: from which to go; None is that of the whole object.
        step: how many things up, or down where negative; stops at the last one.
    """
    scales = tree.scales[around]
    if scale is None:
        scale = tree.scales[tree.likeliest(around)]
    if scales.min() > NEAR:
        scales = np.concatenate([[0.0], scales])
    if np.abs(scales - scale).min() > NEAR:  # it is between them, not on the nearest one
        scales = np.sort(np.append(scales, scale))
    place = int(np.abs(scales - scale).argmin()) + step
    return float(scales[min(max(place, 0), len(scales) - 1)])
