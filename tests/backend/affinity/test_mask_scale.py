import numpy as np
import pytest

from backend.affinity.mask_scale import mask_scales
from backend.affinity.scale_map import ScaleMap


def test_hand_computed_scale_far_from_the_origin():
    # std along x is 1, along y 2, along z 0: scale 2 sqrt(1 + 4).
    points = np.array([[-1, -2, 5], [1, 2, 5], [100, 0, 0]]) + 1e5
    membership = np.array([[True, False], [True, False], [False, True]])
    assert mask_scales(points, membership) == pytest.approx([2 * np.sqrt(5), 0.0], rel=1e-6)


def test_random_masks_against_std():
    rng = np.random.default_rng(0)
    points, membership = rng.normal(size=(50, 3)), rng.random((50, 7)) < 0.4
    literal = [2 * np.sqrt((points[m].std(axis=0) ** 2).sum()) for m in membership.T]
    assert mask_scales(points, membership) == pytest.approx(literal)


def test_empty_and_single_pixel_masks_have_no_scale_and_are_not_nan():
    membership = np.array([[False, True], [False, False]])
    assert mask_scales(np.ones((2, 3)), membership).tolist() == [0.0, 0.0]
    assert mask_scales(np.empty((0, 3)), np.empty((0, 2), bool)).tolist() == [0.0, 0.0]


def test_scale_map_is_the_quantile_and_inverts():
    scale_map = ScaleMap.fit(np.array([4.0, 1.0, 2.0, 2.0, 10.0]))
    assert scale_map.to_unit([0.5, 1, 2, 4, 10, 99]).tolist() == [0, 0, 0.375, 0.75, 1, 1]
    assert scale_map.to_physical(scale_map.to_unit(3.0)) == pytest.approx(3.0)


def test_scale_map_of_a_big_scene_stays_small_and_close():
    rng = np.random.default_rng(1)
    scales = np.exp(rng.normal(size=50_000))
    scale_map = ScaleMap.fit(scales)
    assert len(scale_map.unit) <= 1024
    probe = np.quantile(scales, [0.1, 0.5, 0.9])
    assert scale_map.to_unit(probe) == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)


@pytest.mark.parametrize("count", [1, 5])
def test_scale_map_of_equal_scales_is_finite(count):
    scale_map = ScaleMap.fit(np.full(count, 3.0))
    assert scale_map.to_physical(0.7) == 3.0
    assert np.isfinite(scale_map.to_unit([1.0, 3.0, 9.0])).all()
