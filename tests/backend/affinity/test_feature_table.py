"""Rendering through the ray bank against every Gaussian and every weight, written out."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from backend.affinity.feature_table import FeatureTable
from backend.affinity.feature_table_cpu import CpuFeatureTable
from backend.affinity.smoothing import nearest_neighbours
from backend.rendering.rasterizer import RayContributions

COUNT, DIM, PIXELS = 40, 6, 7


@pytest.fixture(autouse=True)
def _blocks_of_seven(monkeypatch):
    """What is done block by block takes several."""
    for module in ("feature_table", "smoothing"):
        monkeypatch.setattr(f"backend.affinity.{module}.ROWS", 7)


def scene(seed=0):
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(COUNT, DIM, generator=g)
    neighbours = torch.randint(0, COUNT, (COUNT, 4), generator=g, dtype=torch.int32)
    lengths = torch.randint(0, 6, (PIXELS,), generator=g)
    offsets = F.pad(lengths.cumsum(0), (1, 0))
    gaussians = torch.randint(0, 15, (int(lengths.sum()),), generator=g, dtype=torch.int32)
    weights = torch.rand(len(gaussians), generator=g)
    rays = RayContributions(offsets.numpy(), gaussians.numpy(), weights.numpy(), np.ones(PIXELS))
    return features, neighbours, rays


def literal_render(features, neighbours, rays):
    """Smooth, normalise, blend (Eq. 10): dense, over all Gaussians."""
    units = F.normalize(torch.stack([features[row.long()].mean(0) for row in neighbours]), dim=-1)
    pixels = [range(a, b) for a, b in itertools.pairwise(rays.offsets.tolist())]
    return torch.stack(
        [
            sum((float(rays.weights[e]) * units[rays.gaussians[e]] for e in p), torch.zeros(DIM))
            for p in pixels
        ]
    )


tables = pytest.mark.parametrize("table_class", [FeatureTable, CpuFeatureTable])


@tables
def test_rendered_features_equal_the_written_out_sum(table_class):
    features, neighbours, rays = scene()
    rendered = table_class(features, neighbours).render(rays)
    torch.testing.assert_close(rendered, literal_render(features, neighbours, rays))


@tables
def test_steps_are_those_of_dense_autograd_and_adam_on_the_rows_that_were_read(table_class):
    features, neighbours, rays = scene()
    targets = torch.randn(3, PIXELS, DIM, generator=torch.Generator().manual_seed(1))
    dense = features.clone().requires_grad_()
    optimizer = torch.optim.Adam([dense], lr=0.1, eps=1e-15)
    table = table_class(features.clone(), neighbours)
    for target in targets:
        optimizer.zero_grad()
        ((literal_render(dense, neighbours, rays) - target) ** 2).sum().backward()
        optimizer.step()
        table.step(2 * (table.render(rays) - target), 0.1)
    read = dense.grad.abs().sum(1) > 0
    assert not read.all(), "the case should leave some rows alone"
    # Adam divides by the size of the gradient, so where that is tiny, rounding decides.
    clear = read[:, None] & (dense.grad.abs() > 1e-3)
    torch.testing.assert_close(table.features[clear], dense[clear].detach(), atol=1e-3, rtol=1e-3)
    assert torch.equal(table.features[~read], features[~read])


def test_smoothed_features_are_unit_means_over_neighbours():
    features, neighbours, _ = scene()
    smoothed = FeatureTable(features, neighbours).smoothed()
    for row, of_row in zip(neighbours, smoothed, strict=True):
        mean = features[row.long()].mean(0)
        torch.testing.assert_close(of_row, mean / mean.norm())


def test_nearest_neighbours_by_brute_force():
    means = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    distances = np.linalg.norm(means[:, None] - means[None], axis=-1)
    literal = np.sort(np.argsort(distances, axis=1)[:, :16], axis=1)
    assert np.array_equal(np.sort(nearest_neighbours(means, 16), axis=1), literal)


def test_a_cloud_smaller_than_k_smooths_over_all_it_has():
    assert sorted(nearest_neighbours(np.eye(3), 16)[0]) == [0, 1, 2]
    assert nearest_neighbours(np.zeros((1, 3)), 16).tolist() == [[0]]
