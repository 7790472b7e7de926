"""Clicks on and beside a thing, what hangs together, and scales that things have."""

import numpy as np
import pytest
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.rendering.rasterizer import RayContributions
from backend.segmentation.click import recentred, select
from backend.segmentation.connected import connected_to
from backend.segmentation.stable_scales import SCALES, automatic_scale, likeness, next_scale


@pytest.fixture
def fan() -> AffinityField:
    """Features at 0, 10, ... 90 degrees in a plane, under a gate that is open."""
    angles = torch.deg2rad(torch.arange(0, 91, 10.0))
    features = torch.stack([angles.cos(), angles.sin()], dim=1)
    return AffinityField(features, ScaleGate.opened(2), ScaleMap.fit(np.array([1.0])))


@pytest.mark.parametrize(
    ("wanted", "unwanted", "margin", "selected"),
    [
        ((0,), (), 0.0, range(5)),  # cos 40 > 0.75 > cos 50
        ((0, 90), (), 0.0, range(10)),
        ((0,), (70,), 0.0, range(4)),  # 35 degrees is as near to either side
        ((0,), (70,), -0.2, range(5)),
        ((0,), (70,), 0.4, range(2)),  # cos 10 - cos 60 = 0.48, cos 20 - cos 50 = 0.30
        ((0,), (70, 30), 0.0, range(2)),  # the nearest unwanted one counts
    ],
)
def test_a_gaussian_goes_to_the_nearer_side(fan, wanted, unwanted, margin, selected):
    queries, others = ([fan.features[a // 10] for a in side] for side in (wanted, unwanted))
    mask = select(fan, queries, 0.5, 0.75, others, margin)
    np.testing.assert_array_equal(np.flatnonzero(mask), selected)


def test_a_click_at_the_edge_is_moved_to_the_middle_of_what_it_selects(fan):
    middle = recentred(fan, fan.features[0], 0.5)  # of 0 to 40 degrees
    torch.testing.assert_close(middle / middle.norm(), fan.features[2])
    lone = -fan.features[0]
    assert recentred(fan, lone, 0.5) is lone


@pytest.mark.parametrize("members", [50_000, 300])  # plenty in a sample of the field, and too few
def test_a_sample_of_a_large_field_tells_the_middle_where_the_thing_is_large(members):
    angles = torch.deg2rad(torch.cat([torch.linspace(0, 30, members), torch.full([90_000], 90.0)]))
    features = torch.stack([angles.cos(), angles.sin()], dim=1)
    field = AffinityField(features, ScaleGate.opened(2), ScaleMap.fit(np.array([1.0])))
    assert len(field.sample.features) < len(features)
    middle = recentred(field, features[0], 0.5)
    wanted = features[:members].mean(dim=0)
    torch.testing.assert_close(middle / middle.norm(), wanted / wanted.norm(), atol=1e-4, rtol=0)


def pixel(weights: dict[int, float]) -> RayContributions:
    """One that shows Gaussians by some weights."""
    shown = np.array([*weights], np.int32), np.float32([*weights.values()])
    return RayContributions(np.array([0, len(weights)]), *shown, np.ones(1, np.float32))


def test_only_what_hangs_together_with_the_click_is_kept():
    rng = np.random.default_rng(0)
    ball, far, unselected = (rng.normal(x, 0.1, (50, 3)) for x in (0.0, 3.0, 0.0))
    means = np.concatenate([ball, far, unselected])
    mask = np.arange(150) < 100
    on_ball, beyond = pixel({7: 0.5, 149: 0.3, 70: 0.1}), pixel({7: 0.1, 70: 0.2, 8: 0.05})
    np.testing.assert_array_equal(connected_to(means, mask, [on_ball]), np.arange(150) < 50)
    np.testing.assert_array_equal(
        np.flatnonzero(connected_to(means, mask, [beyond])), range(50, 100)
    )
    assert connected_to(means, mask, [on_ball, beyond]).sum() == 100
    assert not connected_to(means, mask, [pixel({149: 0.9})]).any()
    assert not connected_to(means, np.zeros(150, bool), [on_ball]).any()


def growing(scale: float) -> np.ndarray:
    """A handle of 10 up to scale 0.4, a mug of 50 from 0.55 to 0.8, then a tray of 200."""
    sizes = ((0.4, 10), (0.45, 20), (0.5, 30), (0.8, 50), (1.0, 200))
    return np.arange(1000) < next(size for end, size in sizes if scale <= end + 1e-9)


def test_automatic_scale_is_that_of_a_whole_thing():
    assert growing(automatic_scale(likeness(growing))).sum() == 50


def test_steps_lead_from_thing_to_thing_and_stop_at_the_ends():
    iou = likeness(growing)

    def size_after(scale, step):
        return growing(next_scale(iou, scale, step)).sum()

    assert [size_after(0.2, step) for step in (1, 2, 3)] == [50, 200, 200]
    assert [size_after(0.6, step) for step in (-1, -2)] == [10, 10]
    assert size_after(0.5, 1) == 50 and size_after(0.5, -1) == 10  # from between two things
    assert next_scale(iou, 0.1, -1) == 0.1


def test_likeness_is_intersection_over_union():
    iou = likeness(growing)
    sizes = [growing(scale).sum() for scale in SCALES]
    expected = np.divide(np.minimum.outer(sizes, sizes), np.maximum.outer(sizes, sizes))
    np.testing.assert_allclose(iou, expected, rtol=1e-6)
    assert not likeness(lambda scale: np.zeros(5, bool)).any()
