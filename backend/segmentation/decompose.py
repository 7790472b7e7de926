"""Decompose scene: every Gaussian to an object, without a click (Sec. 3.5)."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN

from ..affinity.field import AffinityField
from ..affinity.things import SURELY, Things
from ..errors import BadInput
from ..progress import Report, silent
from ..sampling import random_share, strided
from .similarity import THRESHOLD
from .thing_tree import NEAR, ThingTree

SAMPLE_SHARE = 0.01  # of the Gaussians are clustered, as in the paper
MIN_SAMPLE = 20_000  # but so many where there are that many
MIN_CLUSTER_SHARE = 1 / 400  # of the sample make up an object
MIN_CLUSTER = 10  # Gaussians, where the sample is small
FINE = 0.3  # scale up to which parts are asked for, also those that nobody agrees on
MOST_AVERAGED = 4096  # Gaussians of an object, for its mean
_ROWS = 1 << 16  # Gaussians assigned at once


def cluster(
    field: AffinityField,
    scale: float,
    subset: np.ndarray | None = None,
    seed: int = 0,
    report: Report = silent,
) -> np.ndarray:
    """Group Gaussians by the things that masks agree on, and where there are none by features.

    The things that stand out most at the scale are clusters (see `ThingTree.cut`).
    Of a uniform sample of all else HDBSCAN (Campello, Moulavi, Sander 2013) finds more
    by the gated features; those that are alike are merged. Every Gaussian of no thing
    then goes to the cluster whose mean is nearest, unless it is farther from it than
    all of the sampled members, or than what a click would take.

    Args:
        field: of N Gaussians.
        scale: in [0, 1].
        subset: [M] indices of the Gaussians to group; None groups all.
        seed: of the sample; same seed, same clusters.
        report: told the stages.

    Returns:
        Cluster of each Gaussian, int32 [N]: the largest is 0, -1 is none.

    Raises:
        BadInput: when the Gaussians cannot be told apart.
    """
    index = field.known if subset is None else np.intersect1d(field.known, subset)
    report(f"Finding objects at scale {scale:g}", 0.0)
    labels = np.full(len(field.features), -1, np.int32)
    sample = random_share(index, SAMPLE_SHARE, MIN_SAMPLE, np.random.default_rng(seed))
    if field.things:
        labels[index], scales = _of_things(field.things, index, scale)
        if scale <= FINE:
            _split(field, scale, labels, np.flatnonzero(scales > scale + NEAR), sample, report)
    means, limits = _find_clusters(field, scale, sample, labels)
    loose = index[labels[index] < 0]
    for start in range(0, len(loose), _ROWS):
        report(f"Assigning Gaussians at scale {scale:g}", start / len(loose))
        block = loose[start : start + _ROWS]
        nearness, nearest = (_units(field, scale, block) @ means.T).max(dim=1)
        labels[block] = torch.where(nearness >= limits[nearest], nearest, -1).cpu()
    return _largest_first(labels)


def _of_things(things: Things, index: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """To which of the K things that stand out some Gaussians belong most: [M], -1 for none.

    Also the scales of the things, [K].
    """
    tree = ThingTree.of(things, index)
    chosen = tree.cut(scale)
    count = things.belonging.shape[0]
    nearest, surely = np.full(count, -1), np.zeros(count, np.uint8)
    for k, thing in enumerate(chosen):  # by rows, scipy would take a step of Python for each
        members, as_surely = tree.things.members(thing)
        more = as_surely > surely[members]
        nearest[members[more]], surely[members[more]] = k, as_surely[more]
    nearest, surely = nearest[index], surely[index] / SURELY
    some = surely > THRESHOLD
    labels = np.full(len(index), -1)
    used, labels[some] = np.unique(nearest[some], return_inverse=True)
    return labels, tree.scales[chosen[used]]


def _split(
    field: AffinityField,
    scale: float,
    labels: np.ndarray,
    coarse: np.ndarray,
    sample: np.ndarray,
    report: Report,
) -> None:
    """Part what is of some labels, in place, where its features fall into clusters of their own."""
    for done, k in enumerate(coarse):
        report(f"Looking for parts at scale {scale:g}", done / len(coarse))
        parts, _ = _dense(_units(field, scale, sample[labels[sample] == k]), _least_size(sample))
        if len(parts) < 2:
            continue
        first = labels.max()
        members = np.flatnonzero(labels == k)
        for start in range(0, len(members), _ROWS):
            block = members[start : start + _ROWS]
            part = (_units(field, scale, block) @ parts.T).argmax(dim=1).cpu().numpy()
            labels[block] = np.where(part == 0, k, first + part)


def _least_size(sample: np.ndarray) -> int:
    """How many of a sample make up an object."""
    return max(MIN_CLUSTER, round(MIN_CLUSTER_SHARE * len(sample)))


def _find_clusters(
    field: AffinityField, scale: float, sample: np.ndarray, labels: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit means [K, D] of the clusters in a sample, and the least cosine [K] of what is in each.

    Those that `labels` [N] tell come first, then what is dense among all that is unlike these.
    """
    told = _mean_of_each(field, scale, labels)
    units = _units(field, scale, sample[labels[sample] < 0])
    units = units[(units @ told.T > THRESHOLD).sum(dim=1) == 0]
    dense, least = _dense(units, _least_size(sample))
    means = torch.cat([told, dense])
    if len(means) < 2:
        raise BadInput(
            f"No objects can be told apart at scale {scale:g}.", "Choose a smaller scale."
        )
    return means, torch.cat([least.new_full((len(told),), THRESHOLD), least])


def _mean_of_each(field: AffinityField, scale: float, labels: np.ndarray) -> torch.Tensor:
    """Mean direction [K, D] of the Gaussians with each label, of so many at most."""
    means = field.features.new_empty((labels.max() + 1, field.features.shape[1]))
    for k in range(len(means)):
        members = np.flatnonzero(labels == k)
        some = members[strided(len(members), MOST_AVERAGED)]
        means[k] = _units(field, scale, some).mean(dim=0)
    return F.normalize(means, dim=1)


def _dense(units: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean directions [K, D] of what is dense among units [B, D], and their least cosines [K]."""
    labels = np.full(len(units), -1)
    if len(units) >= 2 * size:
        labels = HDBSCAN(size, min_samples=MIN_CLUSTER, copy=True).fit_predict(units.cpu().numpy())
    if labels.max(initial=-1) < 0:
        return units[:0], units[:0, 0]
    labels = _merged(labels, _means(units, labels))
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
    _, merged = connected_components((means @ means.T > THRESHOLD).cpu().numpy())
    return np.where(labels >= 0, merged[labels], -1)


def _units(field: AffinityField, scale: float, index: np.ndarray) -> torch.Tensor:
    """Gated features of unit length (Eq. 3) of some Gaussians, [B, D]."""
    rows = torch.from_numpy(index).to(field.features.device)
    return F.normalize(field.features[rows] * field.gate_at(scale), dim=1)


def _largest_first(labels: np.ndarray) -> np.ndarray:
    """The labels numbered by how many Gaussians have them, -1 kept."""
    sizes = np.bincount(labels + 1)[1:]
    rank = np.empty(len(sizes) + 1, np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    rank[-1] = -1
    return rank[labels]
