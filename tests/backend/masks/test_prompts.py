"""Which points of a picture are asked."""

import numpy as np

from backend.masks.prompts import PointGrid


def all_of(grid, batch=4):
    taken = [grid.take(batch)]
    while len(taken[-1]):
        taken.append(grid.take(batch))
    return np.concatenate(taken)


def test_a_whole_grid_is_asked_row_by_row():
    points = all_of(PointGrid(3, 9), batch=2)
    np.testing.assert_allclose(points[:4] * 6, [[1, 1], [3, 1], [5, 1], [1, 3]])
    assert len(np.unique(points, axis=0)) == len(points) == 9


def test_a_part_of_a_grid_is_spread_out_where_nothing_is_known():
    grid = PointGrid(16, 64)
    points = all_of(grid)
    assert len(np.unique(points, axis=0)) == len(points) == 64
    first = {tuple(point) for point in points[:16] * 16}
    assert first == {(x + 0.5, y + 0.5) for x in (2, 6, 10, 14) for y in (2, 6, 10, 14)}
    gaps = np.linalg.norm(grid.points[:, None] - points, axis=2).min(axis=1)
    assert gaps.max() <= 2 / 16


def test_points_are_asked_where_no_small_mask_explains_the_picture():
    grid = PointGrid(16, 64)
    grid.take(16)
    left, top = grid.points.T < 0.5
    grid.explain(np.array([left, np.ones(256, bool)]))
    grid.explain(np.array([left & top & (grid.points[:, 0] // 0.25 == k) for k in range(2)]))
    later = all_of(grid)
    shares = [
        ((later[:, 0] < 0.5) == a) & ((later[:, 1] < 0.5) == b) for a in (1, 0) for b in (1, 0)
    ]
    in_small, in_half, *unexplained = (np.count_nonzero(share) for share in shares)
    assert in_small < in_half < min(unexplained)
    assert in_small + in_half < 48 / 3
    grid.explain(np.zeros((0, 256), bool))  # a batch may find nothing


def test_of_points_that_look_alike_few_are_asked():
    grid = PointGrid(16, 64)
    left = grid.points[:, 0] < 0.5
    every_one_its_own = np.eye(256)
    grid.tell_apart(np.where(left[:, None], np.ones(256), every_one_its_own))
    points = all_of(grid)
    assert len(np.unique(points, axis=0)) == 64
    alike = points[:, 0] < 0.5
    assert np.count_nonzero(alike[:16]) == np.count_nonzero(alike) == 8
