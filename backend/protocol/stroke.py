"""A scribble is a row of clicks."""

from collections.abc import Sequence

import numpy as np

from .requests import Click

MOST_CLICKS = 16  # clicks that stand for a stroke


def spread_along(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `MOST_CLICKS` places spread along a stroke, its ends among them.

    They are 1, 2, 4, ... pixels apart, so that a stroke that grows keeps the ones it has.

    Args:
        points: (x, y) of its pixels in the order they were drawn, at least one.
    """
    path = np.array(points, float)
    ends = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    apart = 1
    while ends[-1] > apart * (MOST_CLICKS - 1):
        apart *= 2
    places = np.append(np.arange(0, ends[-1], apart), ends[-1])
    x, y = (np.interp(places, ends, axis) for axis in path.T)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def clicks_along(
    view: str, points: Sequence[tuple[float, float]], wanted: bool = True
) -> tuple[Click, ...]:
    """Clicks spread along a stroke.

    Args:
        view: that was drawn on.
        points: (x, y) of its pixels in the order they were drawn, at least one.
        wanted: whether what was drawn on belongs to the thing.
    """
    return tuple(Click(wanted, view, place) for place in spread_along(points))
