"""Scales at which a selection does not depend on the scale: the sizes that things have."""

from collections.abc import Callable

import numpy as np

from .overlap import iou

SCALES = np.linspace(0, 1, 21)
WHOLE_SCALE, WHOLE_SPREAD = 0.7, 0.15  # where similarity takes objects, not parts or groups
SAME_THING_IOU = 0.9  # of the selections at neighbouring scales that are of the same thing


def likeness(select_at: Callable[[float], np.ndarray]) -> np.ndarray:
    """IoU of what is selected at each of `SCALES` with what is at each other, [S, S].

    Args:
        select_at: from a scale to the selection, boolean [N].
    """
    masks = np.array([select_at(float(scale)) for scale in SCALES])
    masks = masks[:, masks.any(axis=0)].astype(np.float32)
    shared, sizes = masks @ masks.T, masks.sum(axis=1)
    return iou(shared, sizes[:, None], sizes)


def automatic_scale(alike: np.ndarray) -> float:
    """The scale whose selection is most like those at other scales that whole things have.

    Args:
        alike: [S, S] from `likeness`.
    """
    likely = np.exp(-(((SCALES - WHOLE_SCALE) / WHOLE_SPREAD) ** 2) / 2)
    return float(SCALES[(likely * (alike @ likely)).argmax()])


def next_scale(alike: np.ndarray, scale: float, step: int) -> float:
    """The scale in the middle of the next range of scales that select the same.

    Args:
        alike: [S, S] from `likeness`.
        scale: from where, in [0, 1].
        step: how many ranges up, or down where negative; stops at the last one.
    """
    breaks = np.flatnonzero(np.diagonal(alike, 1) < SAME_THING_IOU) + 1
    ranges = [part for part in np.split(SCALES, breaks) if len(part) > 1]
    if step > 0:
        ahead = [part for part in ranges if part[0] > scale]
    else:
        ahead = [part for part in reversed(ranges) if part[-1] < scale]
    if not ahead:
        return scale
    part = ahead[min(abs(step), len(ahead)) - 1]
    return float(part[len(part) // 2])
