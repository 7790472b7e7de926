"""A scribble is a row of clicks."""

from collections.abc import Sequence

import numpy as np

from .messages import Click

MOST = 16  # clicks that stand for a stroke


def clicks_along(
    view: str, points: Sequence[tuple[float, float]], wanted: bool = True
) -> tuple[Click, ...]:
    """Clicks spread evenly along a stroke.

    Args:
        view: that was drawn on.
        points: (x, y) of its pixels in the order they were drawn, at least one.
        wanted: whether what was drawn on belongs to the thing.
    """
    path = np.array(points, float)
    ends = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    places = np.linspace(0, ends[-1], min(MOST, max(len(path), int(ends[-1]) + 1)))
    xy = (np.interp(places, ends, axis) for axis in path.T)
    return tuple(Click(wanted, view, (float(x), float(y))) for x, y in zip(*xy, strict=True))
