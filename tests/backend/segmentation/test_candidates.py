"""Which Gaussians and which masks stand for all of them, where there are too many."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.progress import silent
from backend.segmentation.anchors import choose_anchors
from backend.segmentation.candidates import _grouped, _selected, lift_unexplained
from backend.segmentation.mask_fit import MaskedView


def test_a_hundredth_of_the_known_gaussians_are_anchors_where_these_are_many(monkeypatch):
    monkeypatch.setattr("backend.segmentation.anchors.MIN_ANCHORS", 20)
    for count, anchors in ((5000, 50), (1000, 20), (7, 7)):
        features = torch.cat([torch.zeros(100, 2), torch.ones(count, 2)])
        field = AffinityField(features, ScaleGate.opened(2), ScaleMap.fit(np.ones(1)))
        chosen = choose_anchors(field, np.random.default_rng(0))
        assert len(np.unique(chosen)) == len(chosen) == anchors and chosen.min() >= 100


def test_masks_are_grouped_by_the_first_that_they_are_like():
    rng = np.random.default_rng(0)
    kinds = rng.random((40, 500)) < rng.uniform(0, 0.6, (40, 1))
    masks = kinds[rng.integers(0, 40, 400)] & (rng.random((400, 500)) < 0.97)
    masks[::50] = False
    leaders, wanted = [], []
    for mask in masks:
        ious = [(mask & other).sum() / (mask | other).sum() for other in leaders]
        if mask.any() and max(ious, default=0) < 0.85:
            leaders.append(mask)
            ious.append(1.0)
        wanted.append(int(np.argmax(ious)) if mask.any() else -1)
    assert 20 < len(leaders) < 200
    assert _grouped(np.packbits(masks, axis=1), silent).tolist() == wanted


def test_of_too_many_unexplained_masks_some_of_all_views_are_looked_at(monkeypatch):
    """Three views of 35 pixels, each a Gaussian's; in each one mask too small, and two of 12."""
    monkeypatch.setattr("backend.segmentation.candidates.MOST_LIFTED", 3)
    masks = sp.csr_array(np.eye(3, dtype=np.float32)[np.arange(1, 36) // 12])
    view = MaskedView(sp.eye_array(35, format="csr", dtype=np.float32), masks)
    scales = [view_number + np.array([0.1, 0.2, 0.3]) for view_number in range(3)]
    lifted, of_lifted = lift_unexplained([view] * 3, scales, sp.csc_array((35, 0)))
    assert of_lifted.tolist() == [0.2, 1.2, 2.2]
    assert (lifted.toarray() == masks.toarray()[:, [1, 1, 1]]).all()


def test_the_field_is_asked_for_the_mean_of_masks_that_select_the_same():
    """Features and queries in a plane; of the group of two masks the mean is at 10 degrees."""

    def at(*degrees):
        radians = np.deg2rad(degrees)
        return np.column_stack([np.cos(radians), np.sin(radians)]).astype(np.float32)

    field = AffinityField(
        torch.from_numpy(at(0, 60, 90)), ScaleGate.opened(2), ScaleMap.fit(np.ones(1))
    )
    scales, group = np.array([0.9, 0.2, 0.4]), np.array([0, 1, 1])
    found, of_found = _selected(field, at(90, 0, 20), scales, group, silent)
    assert of_found == pytest.approx([0.3, 0.9])  # that of more masks first
    cosines = [[np.cos(np.deg2rad(10)), 0, 0], [0, np.cos(np.deg2rad(30)), 1]]
    np.testing.assert_allclose(found.toarray().T, cosines, atol=1e-6)
