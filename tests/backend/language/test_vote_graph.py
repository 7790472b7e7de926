"""The vote graph: neighbours against a literal reference, and clusters that are known."""

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN

from backend.language.vote_graph import FARTHEST, NEIGHBOURS, SAME, cluster_masks, nearest_masks

ANCHORS = 203  # fills neither its last byte nor its last word


def distances(sets: np.ndarray) -> np.ndarray:
    shared = sets.astype(int) @ sets.T.astype(int)
    sizes = sets.sum(axis=1)
    return 1 - shared / (sizes[:, None] + sizes - shared)


@pytest.fixture
def sets() -> np.ndarray:
    """Noisy copies of four things of different sizes, in random order."""
    rng = np.random.default_rng(0)
    things = np.zeros((4, ANCHORS), bool)
    for thing, (start, end) in zip(things, ((0, 20), (30, 90), (80, 200), (0, 110)), strict=True):
        thing[start:end] = True
    copies = np.repeat(things, (50, 20, 30, 25), axis=0) ^ (rng.random((125, ANCHORS)) < 0.02)
    return copies[rng.permutation(125)]


def test_nearest_masks_are_those_of_the_definition(sets):
    neighbours, found = nearest_masks(np.packbits(sets, axis=1))
    expected = distances(sets)
    np.fill_diagonal(expected, np.inf)
    expected[expected > FARTHEST] = np.inf
    nearest = np.sort(expected, axis=1)[:, :NEIGHBOURS]
    np.testing.assert_allclose(found, nearest, atol=1e-6)
    rows, places = np.nonzero(neighbours >= 0)
    np.testing.assert_allclose(
        expected[rows, neighbours[rows, places]], found[rows, places], atol=1e-6
    )
    np.testing.assert_array_equal(neighbours < 0, np.isinf(found))


def test_clusters_are_those_of_the_dense_matrix(sets):
    labels = cluster_masks(np.packbits(sets, axis=1), 5)
    dense = np.maximum(distances(sets), SAME)
    expected = HDBSCAN(5, min_samples=2, metric="precomputed", copy=True).fit_predict(dense)
    assert labels.max() == expected.max() == 3
    pairs = {*zip(labels.tolist(), expected.tolist(), strict=True)}
    assert len({a for a, b in pairs if a >= 0 <= b}) == len([a for a, b in pairs if a >= 0 <= b])


def test_masks_with_nothing_in_common_are_no_target():
    apart = np.eye(40, dtype=bool)
    assert (cluster_masks(np.packbits(apart, axis=1), 3) == -1).all()
    assert (cluster_masks(np.packbits(0 * apart, axis=1), 3) == -1).all()
