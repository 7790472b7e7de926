"""Selection algebra against sets, and neighbourhoods against all pairs of points."""

import numpy as np
import pytest

from backend.errors import BadInput
from backend.gaussians.selection import (
    OPERATIONS,
    Cells,
    combine,
    grow,
    largest_part,
    shrink,
    within,
)


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    """400 points, far from the origin, and a selection of a fifth of them."""
    rng = np.random.default_rng(0)
    return rng.normal(50, 1, (400, 3)).astype(np.float32), rng.random(400) < 0.2


def touching(means: np.ndarray, size: float) -> np.ndarray:
    """Which pairs of points lie in the same or adjoining cells, [N, N], the slow way."""
    cell = np.floor((means - means.min(axis=0)) / size)
    return np.abs(cell[:, None] - cell).max(axis=-1) <= 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_are_those_of_sets(operation):
    selected, found = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    s, f = {2, 3}, {1, 3}
    expected = {"SET": f, "ADD": s | f, "SUBTRACT": s - f, "INTERSECT": s & f}[operation]
    assert set(np.flatnonzero(combine(selected, found, operation))) == expected


def test_bounds_are_included():
    np.testing.assert_array_equal(
        within(np.array([0.1, 0.25, 0.5, 0.75]), 0.25, 0.5), [False, True, True, False]
    )


@pytest.mark.parametrize("size", [0.1, 0.3, 5.0])
def test_grow_takes_what_touches_and_shrink_leaves_what_is_touched(points, size):
    means, mask = points
    cells, touch = Cells.cut(means, size), touching(means, size)
    np.testing.assert_array_equal(grow(mask, cells), touch[:, mask].any(axis=1))
    grown = grow(mask, cells)
    np.testing.assert_array_equal(shrink(grown, cells), ~touch[:, ~grown].any(axis=1))


def test_nothing_and_everything_stay_so(points):
    means, _ = points
    cells = Cells.cut(means, 0.3)
    for change in (grow, shrink):
        assert not change(np.zeros(400, bool), cells).any()
        assert change(np.ones(400, bool), cells).all()
    assert not largest_part(np.zeros(400, bool), means, 0.3).any()


def test_the_largest_part_is_what_a_walk_reaches(points):
    means, mask = points
    touch = touching(means[mask], 0.5)  # cells are cut anew, around what is selected
    left, parts = set(range(len(touch))), []
    while left:
        part = {left.pop()}
        while reached := {j for i in part for j in np.flatnonzero(touch[i])} & left:
            part |= reached
            left -= reached
        parts.append(part)
    largest = sorted(max(parts, key=len))
    assert 1 < len(largest) < len(touch)
    found = np.flatnonzero(largest_part(mask, means, 0.5))
    np.testing.assert_array_equal(found, np.flatnonzero(mask)[largest])


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan, 1e-7])
def test_cells_that_cannot_be_are_refused(points, size):
    with pytest.raises(BadInput, match="does not suit the scene"):
        Cells.cut(points[0], size)
