"""What views see, and which are chosen: sights made by hand."""

import numpy as np
import pytest

from backend.cameras.camera import Camera
from backend.cameras.made_up.candidates import Candidate
from backend.cameras.made_up.coverage import FADED, SHARP, Sight, choose, look
from backend.gaussians.cloud import GaussianCloud
from backend.rendering import make_rasterizer

CAMERA = Camera("", 64, 48, 64.0, 64.0, 32.0, 24.0, np.eye(4))  # looks along z from the origin


def sight(*gaussians, blur=0.01):
    return Sight(CAMERA, False, np.array(gaussians, np.int32), blur)


def test_a_blurred_view_adds_less_than_a_sharp_one_of_a_little_less():
    weights = np.array([0.3, 0.3, 0.4])
    sharp, blurred, other = sight(0, 1), sight(0, 2, blur=0.02), sight(1)
    # The blurred one adds 0.7 / 2, and beside the sharp one (0.3 * 5/6 + 0.4) / 2.
    assert choose([blurred, sharp, other], weights, 1, False) == [sharp]
    assert choose([blurred, sharp, other], weights, 3, False) == [sharp, blurred, other]
    assert choose([sight(0, 2), sharp], weights, 1, False) != [sharp]
    assert choose([], weights, 3, False) == []


def test_views_are_chosen_as_if_each_were_measured_before_each_choice():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(300))
    sights = [
        sight(*np.flatnonzero(rng.random(300) < rng.uniform(0, 0.4)), blur=rng.uniform(0.01, 0.03))
        for _ in range(40)
    ]
    sharp = np.quantile([one.blur for one in sights], SHARP)
    expected, left, seen = [], list(sights), np.zeros(300)
    while left:
        worth = weights * np.maximum(1 - seen / FADED, 0)
        gains = [worth[one.gaussians].sum() * min(sharp / one.blur, 1) for one in left]
        expected.append(left.pop(int(np.argmax(gains))))
        seen[expected[-1].gaussians] += 1
    assert choose(sights, weights, 40, False) == expected


@pytest.mark.parametrize("pixels, seen", [(7, True), (14, False)])
def test_a_picture_is_not_taken_through_what_stands_before_the_lens(pixels, seen):
    """A wall fills the picture; so wide a speck before the lens covers 4 % of it, or 15."""
    means = np.float32([(0, 0, 4), (0, 0, 0.5)])
    sizes = np.array([20.0, 0.5 * pixels / 64 / 2])
    cloud = GaussianCloud(
        means=means,
        quats=np.tile(np.float32([1, 0, 0, 0]), (2, 1)),
        log_scales=np.log(np.column_stack([sizes, sizes, [0.01, 0.01]])).astype(np.float32),
        opacity_logits=np.float32([6, 6]),
        sh=np.zeros((2, 1, 3), np.float32),
    )
    rasterizer = make_rasterizer(cloud, "cpu")
    for near, sees in ((1.0, seen), (0.1, True)):
        found = look(rasterizer, means, sizes, Candidate(CAMERA, False), near, across=64)
        assert (found is not None) == sees
