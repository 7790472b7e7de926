"""The start from masks alone: one mask a pixel by hand, and what the features tell apart."""

import itertools

import numpy as np
import pytest
import torch

from backend.affinity.ray_bank import ViewRays, build_ray_bank
from backend.affinity.scale_map import ScaleMap
from backend.affinity.warm_start import LEVELS, segments, starting_features, starting_gate
from backend.rendering import make_rasterizer
from backend.rendering.rasterizer import RayContributions


@pytest.fixture(scope="module")
def bank(panels):
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    return build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0))


def scale_map_of(bank):
    return ScaleMap.fit(np.concatenate([rays.mask_scales for rays in bank]))


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (0.0, [0, 1, 2]),  # the smallest of each pixel
        (0.2, [1, 1, 2]),  # the smallest that is at least as large
        (0.5, [1, 1, 2]),
        (0.6, [2, 1, 2]),  # none is so large for the second pixel: its largest
        (1.0, [2, 1, 2]),
    ],
)
def test_each_pixel_belongs_to_one_mask(scale, expected):
    membership = np.array([(1, 1, 1), (0, 1, 0), (0, 0, 1)], bool)
    scales = np.array([0.0, 0.5, 1.0])
    rays = ViewRays(None, membership, "", np.zeros((3, 2)), scales, np.ones(3), np.arange(3))
    one_hot = segments(rays, ScaleMap(scales, scales), scale).toarray()
    assert np.array_equal(one_hot, np.eye(3)[expected])


def test_the_first_dimensions_tell_parts_apart_and_the_last_whole_things(panels, bank):
    features = starting_features(
        bank, scale_map_of(bank), len(panels.cloud), 64, np.random.default_rng(0)
    )
    assert np.linalg.norm(features, axis=1) == pytest.approx(1.0, abs=1e-5)
    for columns, truth in ((slice(0, 13), panels.parts), (slice(52, 64), panels.objects)):
        some = features[:, columns] / np.linalg.norm(features[:, columns], axis=1, keepdims=True)
        alike, together = some @ some.T, truth[:, None] == truth[None]
        assert np.median(alike[together]) > 0.95
        assert np.median(np.abs(alike[~together])) < 0.5


def test_what_no_view_shows_together_comes_together_by_what_lies_between():
    """One view shows Gaussians 0 and 1 in a mask, the other 1 and 2; both show 3 in another."""
    ones = np.ones(3, np.float32)
    bank = [
        ViewRays(
            RayContributions(np.arange(4), np.int32([*pair, 3]), ones, ones),
            *(np.array([(1, 0), (1, 0), (0, 1)], bool), "", np.zeros((3, 2))),
            *(np.ones(2), np.ones(2), np.arange(2)),
        )
        for pair in ((0, 1), (1, 2))
    ]  # fmt: skip
    features = starting_features(bank, scale_map_of(bank), 4, 64, np.random.default_rng(0))
    # Gaussian 1 lies half-way between the directions of the masks, and each of these moves
    # half-way to it in a round: three rounds leave an eighth of at most 180 degrees.
    assert features[0] @ features[2] > np.cos(np.pi / 8)
    assert abs(features[0] @ features[3]) < 0.5


def test_small_things_outweigh_large_ones(panels, bank):
    features = starting_features(
        bank, scale_map_of(bank), len(panels.cloud), 64, np.random.default_rng(0)
    )
    lengths = [np.linalg.norm(features[:, dims], axis=1) for dims in np.array_split(range(64), 5)]
    for smaller, larger in itertools.pairwise(lengths):
        assert larger / smaller == pytest.approx(0.7, rel=1e-4)


def test_the_gate_closes_the_dimensions_of_smaller_things():
    gates = starting_gate(64)(torch.tensor([0.0, 0.5, 1.0])).detach().numpy()
    first, middle, last = gates[:, 0], gates[:, 32], gates[:, 63]
    assert first == pytest.approx([1, 0, 0], abs=0.1)
    assert middle == pytest.approx([1, 1, 0], abs=0.1)
    assert last == pytest.approx([1, 1, 1], abs=0.1)


def test_a_gaussian_that_no_mask_shows_has_no_feature(panels, bank):
    hidden = len(panels.cloud)
    features = starting_features(
        bank, scale_map_of(bank), hidden + 1, len(LEVELS), np.random.default_rng(0)
    )
    assert not features[hidden].any()


def test_the_start_tells_how_far_it_is(panels, bank):
    told = []
    starting_features(
        bank, scale_map_of(bank), len(panels.cloud), 8, np.random.default_rng(0),
        lambda stage, share: told.append(share),
    )  # fmt: skip
    assert told[0] == 0.0 and told[-1] == 1.0 and told == sorted(told)
