"""Decompose scene: every Gaussian to an object, without a click (Sec. 3.5)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN

from ..affinity.field import AffinityField
from ..errors import BadInput
from ..progress import Report, silent

SAMPLE_SHARE = 0.01  # of the Gaussians are clustered, as in the paper
MIN_SAMPLE = 20_000  # but so many where there are that many
MIN_CLUSTER_SHARE = 1 / 400  # of the sample make up an object
MIN_CLUSTER = 10  # Gaussians, where the sample is small
SAME = 0.75  # cosine above which two means are of one object: the default threshold of a click
_ROWS = 1 << 16  # Gaussians assigned at once


@dataclass(frozen=True)
class Clusters:
    """What a scene falls into at one scale."""

    labels: np.ndarray  # [N] int32: cluster of each Gaussian, the largest is 0; -1 has none
    confidence: np.ndarray  # [N] float32: cosine with the mean feature of the nearest cluster


def cluster(
    field: AffinityField,
    scale: float,
    subset: np.ndarray | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Clusters:
    """Group Gaussians by their gated features.

    HDBSCAN (Campello, Moulavi, Sander 2013) on a uniform sample finds the
    clusters; those that are alike are merged. Every Gaussian then goes to the
    cluster whose mean is nearest, unless it is farther from it than all of the
    sampled members.

    Args:
        field: of N Gaussians.
        scale: in [0, 1].
        subset: [M] indices of the Gaussians to group; None groups all.
        seed: of the sample; same seed, same clusters.
        report: told the stages.

    Raises:
        BadInput: when the Gaussians cannot be told apart.
    """
    count = len(field.features)
    known = np.flatnonzero(field.features.abs().amax(dim=1).cpu().numpy() > 0)
    index = known if subset is None else np.intersect1d(known, subset)
    report(f"Finding objects at scale {scale:g}", 0.0)
    means, limits = _find_clusters(field, scale, _sample(index, seed))
    labels, confidence = np.full(count, -1, np.int32), np.zeros(count, np.float32)
    for start, units in _gated_units(field, scale, index):
        report(f"Assigning Gaussians at scale {scale:g}", start / len(index))
        nearness, nearest = (units @ means.T).max(dim=1)
        block = index[start : start + _ROWS]
        labels[block] = torch.where(nearness >= limits[nearest], nearest, -1).cpu()
        confidence[block] = nearness.cpu()
    return Clusters(_largest_first(labels), confidence)


def _sample(index: np.ndarray, seed: int) -> np.ndarray:
    """A uniform sample, in ascending order."""
    size = max(round(SAMPLE_SHARE * len(index)), min(MIN_SAMPLE, len(index)))
    return np.sort(np.random.default_rng(seed).choice(index, size, replace=False))


def _find_clusters(
    field: AffinityField, scale: float, sample: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit means [K, D] of the clusters in a sample, and each one's smallest cosine [K]."""
    size = max(MIN_CLUSTER, round(MIN_CLUSTER_SHARE * len(sample)))
    labels = np.full(len(sample), -1)
    if len(sample) >= 2 * size:
        units = torch.cat([block for _, block in _gated_units(field, scale, sample)])
        labels = HDBSCAN(size, min_samples=MIN_CLUSTER, copy=True).fit_predict(units.cpu().numpy())
    if labels.max(initial=-1) >= 0:
        labels = _merged(labels, _means(units, labels))
    if labels.max(initial=-1) < 1:
        raise BadInput(
            f"No objects can be told apart at scale {scale:g}.", "Choose a smaller scale."
        )
    means = _means(units, labels)
    own = (units * means[labels]).sum(dim=1)
    return means, torch.stack([own[labels == k].min() for k in range(len(means))])


def _means(units: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
    """Mean direction [K, D] of each cluster."""
    means = [units[labels == k].mean(dim=0) for k in range(labels.max() + 1)]
    return F.normalize(torch.stack(means), dim=1)


def _merged(labels: np.ndarray, means: torch.Tensor) -> np.ndarray:
    """The labels with clusters made one that a click would not tell apart.

    HDBSCAN goes by density alone: it cuts wherever there is a gap, be it ever so narrow.
    """
    _, merged = connected_components((means @ means.T > SAME).cpu().numpy())
    return np.where(labels >= 0, merged[labels], -1)


def _gated_units(
    field: AffinityField, scale: float, index: np.ndarray
) -> Iterator[tuple[int, torch.Tensor]]:
    """Gated features of unit length (Eq. 3), block by block: where it starts, and [B, D]."""
    gate = field.gate_at(scale)
    for start in range(0, len(index), _ROWS):
        rows = torch.from_numpy(index[start : start + _ROWS]).to(field.features.device)
        yield start, F.normalize(field.features[rows] * gate, dim=1)


def _largest_first(labels: np.ndarray) -> np.ndarray:
    """The labels numbered by how many Gaussians have them, -1 kept."""
    sizes = np.bincount(labels + 1)[1:]
    rank = np.empty(len(sizes) + 1, np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    rank[-1] = -1
    return rank[labels]
