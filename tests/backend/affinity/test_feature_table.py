"""Rendering through the ray bank against every Gaussian and every weight, written out."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F

from backend.affinity.feature_table import FeatureTable
from backend.affinity.smoothing import nearest_neighbours

COUNT, DIM, PIXELS = 40, 6, 7


def scene(seed=0):
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(COUNT, DIM, generator=g)
    neighbours = torch.randint(0, COUNT, (COUNT, 4), generator=g, dtype=torch.int32)
    lengths = torch.randint(0, 6, (PIXELS,), generator=g)
    offsets = F.pad(lengths.cumsum(0), (1, 0))
    gaussians = torch.randint(0, 15, (int(lengths.sum()),), generator=g, dtype=torch.int32)
    weights = torch.rand(len(gaussians), generator=g)
    return features, neighbours, (offsets, gaussians, weights)


def literal_render(features, neighbours, rays):
    """Smooth, normalise, blend (Eq. 10): dense, over all Gaussians."""
    offsets, gaussians, weights = rays
    units = F.normalize(torch.stack([features[row.long()].mean(0) for row in neighbours]), dim=-1)
    pixels = [range(a, b) for a, b in itertools.pairwise(offsets.tolist())]
    return torch.stack(
        [sum((weights[e] * units[gaussians[e]] for e in p), torch.zeros(DIM)) for p in pixels]
    )


def test_rendered_features_equal_the_written_out_sum():
    features, neighbours, rays = scene()
    rendered = FeatureTable(features, neighbours, 0.1).render(*rays)
    torch.testing.assert_close(rendered, literal_render(features, neighbours, rays))


def test_step_moves_the_rows_that_dense_autograd_would_move_and_no_others():
    features, neighbours, rays = scene()
    target = torch.randn(PIXELS, DIM, generator=torch.Generator().manual_seed(1))
    dense = features.clone().requires_grad_()
    ((literal_render(dense, neighbours, rays) - target) ** 2).sum().backward()

    table = FeatureTable(features.clone(), neighbours, 0.1)
    ((table.render(*rays) - target) ** 2).sum().backward()
    table.step()
    moved = table.features - features
    # The first step of Adam moves every entry by the learning rate against its gradient's sign.
    clear = dense.grad.abs() > 1e-4
    assert torch.allclose(moved[clear], -0.1 * dense.grad[clear].sign(), atol=1e-4)
    assert not moved[dense.grad.abs().sum(1) == 0].any()
    assert (dense.grad.abs().sum(1) == 0).any(), "the case should leave some rows alone"


def test_smoothed_features_are_unit_means_over_neighbours():
    features, neighbours, _ = scene()
    smoothed = FeatureTable(features, neighbours, 0.1).smoothed()
    mean = features[neighbours[3].long()].mean(0)
    torch.testing.assert_close(smoothed[3], mean / mean.norm())


def test_nearest_neighbours_by_brute_force():
    means = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    distances = np.linalg.norm(means[:, None] - means[None], axis=-1)
    literal = np.sort(np.argsort(distances, axis=1)[:, :16], axis=1)
    assert np.array_equal(np.sort(nearest_neighbours(means, 16), axis=1), literal)


def test_a_cloud_smaller_than_k_smooths_over_all_it_has():
    assert sorted(nearest_neighbours(np.eye(3), 16)[0]) == [0, 1, 2]
    assert nearest_neighbours(np.zeros((1, 3)), 16).tolist() == [[0]]
