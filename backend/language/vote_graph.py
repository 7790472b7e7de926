"""The vote graph of A.3: masks of several views that select the same Gaussians are one target."""

import numba
import numpy as np
import scipy.sparse as sp
from sklearn.cluster import HDBSCAN

from ..progress import Report, silent

NEIGHBOURS = 32  # of a mask that are kept
FARTHEST = 0.75  # distance 1 - IoU beyond which two masks have nothing to do with each other
SAME = 0.25  # distance below which masks are not told apart, the reference's epsilon
_ROWS = 1024  # masks compared with all others at once


def cluster_masks(selected: np.ndarray, min_masks: int, report: Report = silent) -> np.ndarray:
    """Group masks by HDBSCAN (Campello, Moulavi, Sander 2013) on the distance 1 - IoU.

    The paper's text calls the IoU itself the distance; that would group what
    is least alike. Of the distances only those to the nearest masks are ever
    held: 30,000 x 30,000 of them would take 7 GB.

    Args:
        selected: bits of the anchors that each mask selects, uint8 [M, B].
        min_masks: that make up a target, at least 2.
        report: called often.

    Returns:
        [M] int64 target of each mask, -1 for none.
    """
    labels = np.full(len(selected), -1)
    used = np.flatnonzero(selected.any(axis=1))
    if len(used) > min_masks:
        neighbours, distances = nearest_masks(selected[used], report)
        graph = _connected(neighbours, distances)
        hdbscan = HDBSCAN(min_masks, min_samples=2, metric="precomputed", copy=False)
        labels[used] = hdbscan.fit_predict(graph)
    return labels


def nearest_masks(selected: np.ndarray, report: Report = silent) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other masks of each by the distance 1 - IoU.

    What two masks share is counted over the masks at each of their anchors, so that
    most pairs, which share none, are never looked at.

    Args:
        selected: bits, uint8 [M, B].
        report: called often.

    Returns:
        Indices [M, K] int32, -1 beyond the last within `FARTHEST`; distances [M, K] float32.
    """
    sets = sp.vstack([_as_sets(selected[s : s + _ROWS]) for s in range(0, len(selected), _ROWS)])
    sets = sp.csr_array(sets)
    at_anchor = sets.T.tocsr()
    neighbours = np.full((len(selected), NEIGHBOURS), -1, np.int32)
    distances = np.full((len(selected), NEIGHBOURS), np.inf, np.float32)
    for start in range(0, len(selected), _ROWS):
        report("Comparing masks", start / len(selected))
        rows = slice(start, start + _ROWS)
        _nearest(
            sets.indptr, sets.indices, at_anchor.indptr, at_anchor.indices, start,
            neighbours[rows], distances[rows],
        )  # fmt: skip
    return neighbours, distances


def _as_sets(selected: np.ndarray) -> sp.csr_array:
    """Bits [R, B] as a sparse boolean matrix."""
    return sp.csr_array(np.unpackbits(selected, axis=1).view(bool))


@numba.njit(parallel=True, cache=True, nogil=True)
def _nearest(first, anchors, first_at, masks, start, neighbours, distances):
    """Mask i has anchors[first[i] : first[i + 1]]; anchor a lies in masks[first_at[a] : ...]."""
    for row in numba.prange(len(neighbours)):
        i = start + row
        shared = np.zeros(len(first) - 1, np.int32)
        for entry in range(first[i], first[i + 1]):
            anchor = anchors[entry]
            for other in range(first_at[anchor], first_at[anchor + 1]):
                shared[masks[other]] += 1
        for j in range(len(shared)):
            if shared[j] == 0 or j == i:
                continue
            either = first[i + 1] - first[i] + first[j + 1] - first[j] - shared[j]
            distance = np.float32(1 - shared[j] / either)
            k = neighbours.shape[1] - 1
            if distance > FARTHEST or distance >= distances[row, k]:
                continue
            while k > 0 and distances[row, k - 1] > distance:
                distances[row, k] = distances[row, k - 1]
                neighbours[row, k] = neighbours[row, k - 1]
                k -= 1
            distances[row, k], neighbours[row, k] = distance, j


def _connected(neighbours: np.ndarray, distances: np.ndarray) -> sp.csr_array:
    """The distances as a symmetric graph [M, M] in one piece, as HDBSCAN wants it.

    A ring through all masks holds it together, at distance 1: nothing in common.
    """
    count = len(neighbours)
    rows, places = np.nonzero(neighbours >= 0)
    # As 2 - distance the larger of two entries is the nearer, and no entry is zero: no edge.
    nearness = 2 - np.maximum(distances[rows, places], SAME)
    graph = sp.csr_array((nearness, (rows, neighbours[rows, places])), (count, count))
    ends = np.arange(count)
    for hop in (1, 2):
        ring = sp.csr_array((np.ones(count), (ends, (ends + hop) % count)), (count, count))
        graph = graph.maximum(ring)
    graph = graph.maximum(graph.T).tocsr()
    graph.data = 2 - graph.data
    return graph
