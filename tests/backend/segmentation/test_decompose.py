"""Decompose scene: on features whose clusters are known, and on the panels after training."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.affinity.things import Things
from backend.errors import BadInput
from backend.segmentation.decompose import cluster
from backend.segmentation.hierarchy import nest

SIZES = (60, 300, 120)  # of the clusters, in the order of their features
TRUTH = np.repeat([2, 0, 1], SIZES)  # their ranks by size


def field_of(features: np.ndarray) -> AffinityField:
    gate = ScaleGate(features.shape[1], torch.Generator().manual_seed(0))
    return AffinityField(torch.from_numpy(features), gate, ScaleMap.fit(np.array([1.0, 2.0])))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """What is done block by block takes several."""
    monkeypatch.setattr("backend.segmentation.decompose._ROWS", 50)


@pytest.fixture
def features() -> np.ndarray:
    """Three tight clusters, then five strays, then five Gaussians never seen."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.eye(8)[:3], SIZES, axis=0) + rng.normal(0, 0.02, (sum(SIZES), 8))
    strays = -np.eye(8)[:5]
    return np.concatenate([clusters, strays, np.zeros((5, 8))]).astype(np.float32)


def test_clusters_come_by_size_and_what_is_like_none_stays_alone(features):
    found = cluster(field_of(features), 0.5)
    np.testing.assert_array_equal(found, [*TRUTH, *[-1] * 10])


def test_the_same_scene_gives_the_same_clusters(features):
    one, other = (cluster(field_of(features), 0.5) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_all_beyond_the_sample_are_assigned(features, monkeypatch):
    monkeypatch.setattr("backend.segmentation.decompose.MIN_SAMPLE", 200)
    many = np.repeat(features[: sum(SIZES)], 10, axis=0)
    stray = features[:1] + 0.6 * np.eye(8, dtype=np.float32)[7]  # farther off than all sampled
    found = cluster(field_of(np.concatenate([many, stray])), 0.5, seed=1)  # which leaves it out
    labels, truth = found[:-1], np.repeat(TRUTH, 10)
    assert np.mean(labels == truth) > 0.9
    assert set(labels[labels != truth]) <= {-1}
    assert found[-1] == -1


@pytest.mark.parametrize(
    ("least_share", "alike", "objects"), [(0, 9, 3), (0, 11, 4), (0.05, 20, 3)]
)
def test_a_few_that_are_alike_are_no_object(features, monkeypatch, least_share, alike, objects):
    monkeypatch.setattr("backend.segmentation.decompose.MIN_CLUSTER_SHARE", least_share)
    axis = np.eye(8, dtype=np.float32)[6:7]
    others = axis + np.random.default_rng(0).normal(0, 0.02, (alike, 8)).astype(np.float32)
    labels = cluster(field_of(np.concatenate([features, others])), 0.5)
    assert labels.max() + 1 == objects and (labels[-alike:] == (3 if objects == 4 else -1)).all()


def test_a_narrow_gap_makes_no_two_objects(features):
    tilted = features[:300] + 0.3 * np.eye(8, dtype=np.float32)[3]
    labels = cluster(field_of(np.concatenate([features, tilted])), 0.5)
    assert labels.max() == 2 and (labels[:60] == labels[-300:-240]).all()


def test_only_what_is_still_there_is_grouped(features):
    subset = np.flatnonzero(TRUTH != 0)[::-1].astype(np.int32)
    found = cluster(field_of(features), 0.5, subset)
    np.testing.assert_array_equal(found[: sum(SIZES)], TRUTH - 1)


def test_what_the_masks_agree_on_is_one_cluster_and_its_like_joins_it(features):
    """Two things cut through the largest cluster; of two more only features tell."""
    belonging = np.zeros((len(features), 2), np.uint8)
    belonging[60:200, 0] = belonging[200:350, 1] = 255
    known = Things(sp.csc_array(belonging), np.array([0.5, 0.5]), np.ones(2))
    turned = features.copy()
    turned[200:360] = np.roll(features[200:360], 4, axis=1)  # ten of them are of no thing
    found = cluster(replace(field_of(turned), things=known), 0.5)
    wanted = np.repeat([3, 1, 0, 2, -1], [60, 140, 160, 120, 10])
    np.testing.assert_array_equal(found, wanted)


def test_a_whole_falls_into_parts_where_parts_are_asked_for(features):
    """All is one thing of a larger scale, but for the last ten: five of these may belong to it."""
    belonging = np.zeros((len(features), 1), np.uint8)
    belonging[:480], belonging[480:485] = 255, 100
    told = []

    def labels(scale, of_thing):
        known = Things(sp.csc_array(belonging), np.array([of_thing]), np.ones(1))
        field = replace(field_of(features), things=known)
        return cluster(field, scale, report=lambda *said: told.append(said))

    np.testing.assert_array_equal(labels(0.1, of_thing=0.4), [*TRUTH, *[-1] * 10])
    assert ("Looking for parts at scale 0.1", 0.0) in told
    for scale, of_thing in ((0.25, 0.4), (0.35, 0.7)):  # near its scale, and beyond that of parts
        with pytest.raises(BadInput, match="No objects can be told apart"):
            labels(scale, of_thing)


def test_the_mean_of_a_large_thing_is_taken_all_over_it(monkeypatch):
    """Half of it looks like one axis and half like another: what lies between is like it."""
    monkeypatch.setattr("backend.segmentation.decompose.MOST_AVERAGED", 10)
    axes = np.eye(8, dtype=np.float32)
    between = np.repeat(axes[:1] + axes[1:2], 9, axis=0)
    features = np.concatenate([np.repeat(axes[:3], 100, axis=0), between])
    belonging = np.zeros((309, 2), np.uint8)
    belonging[:200, 0] = belonging[200:300, 1] = 255
    known = Things(sp.csc_array(belonging), np.array([0.5, 0.5]), np.ones(2))
    field = replace(field_of(features), gate=ScaleGate.opened(8), things=known)
    found = cluster(field, 0.5)
    np.testing.assert_array_equal(found, np.repeat([0, 1, 0], [200, 100, 9]))


@pytest.mark.parametrize(
    "make", [lambda f: np.ones_like(f), lambda f: f[:7], lambda f: f[:60], lambda f: 0 * f]
)
def test_what_cannot_be_told_apart_says_so(features, make):
    with pytest.raises(BadInput, match="No objects can be told apart"):
        cluster(field_of(make(features)), 0.5)


def test_parts_go_under_the_object_that_holds_most_of_them():
    objects = np.array([0, 0, 0, 0, 1, 1, 1, -1, -1, -1])
    parts = np.array([0, 0, 2, 2, 0, 1, 1, 3, 3, -1])
    tree = nest([objects, parts])
    np.testing.assert_array_equal(tree.labels, [objects, [2, 2, 4, 4, 2, 3, 3, 5, 5, -1]])
    np.testing.assert_array_equal(tree.parents, [-1, -1, 0, 1, 0, -1])
    assert tree.names == (
        "Object 1", "Object 2", "Object 1.1", "Object 2.1", "Object 1.2", "Object 3",
    )  # fmt: skip
    assert len(np.unique(tree.colors, axis=0)) == 6
