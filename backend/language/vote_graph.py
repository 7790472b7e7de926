"""The vote graph of A.3: masks of several views that select the same Gaussians are one target."""

import numba
import numpy as np
import scipy.sparse as sp
from sklearn.cluster import HDBSCAN

from ..progress import Report, silent

NEIGHBOURS = 32  # of a mask that are kept
FARTHEST = 0.75  # distance 1 - IoU beyond which two masks have nothing to do with each other
SAME = 0.25  # distance below which masks are not told apart, the reference's epsilon
_ROWS = 2048  # masks compared with all others at once


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

    Args:
        selected: bits, uint8 [M, B], none all zero.
        report: called often.

    Returns:
        Indices [M, K] int32, -1 beyond the last within `FARTHEST`; distances [M, K] float32.
    """
    words = np.zeros((len(selected), -(-selected.shape[1] // 8)), np.uint64)
    words.view(np.uint8)[:, : selected.shape[1]] = selected
    sizes = np.bitwise_count(words).sum(axis=1).astype(np.int64)
    order = np.argsort(sizes, kind="stable")
    words, sizes = words[order], sizes[order]
    # IoU <= smaller / larger, so only masks of a like size can be near.
    last = np.searchsorted(sizes, sizes / (1 - FARTHEST), side="right")
    first = np.searchsorted(sizes, sizes * (1 - FARTHEST), side="left")
    neighbours = np.full((len(words), NEIGHBOURS), -1, np.int32)
    distances = np.full((len(words), NEIGHBOURS), np.inf, np.float32)
    for start in range(0, len(words), _ROWS):
        report("Comparing masks", start / len(words))
        rows = slice(start, start + _ROWS)
        _nearest(words, sizes, first, last, start, neighbours[rows], distances[rows])
    original = np.where(neighbours >= 0, order[neighbours], -1).astype(np.int32)
    back = np.argsort(order)
    return original[back], distances[back]


@numba.njit(parallel=True, cache=True, nogil=True)
def _nearest(words, sizes, first, last, start, neighbours, distances):
    for row in numba.prange(len(neighbours)):
        i = start + row
        for j in range(first[i], last[i]):
            if j == i:
                continue
            shared = 0
            for w in range(words.shape[1]):
                shared += _count_bits(words[i, w] & words[j, w])
            distance = np.float32(1 - shared / (sizes[i] + sizes[j] - shared))
            k = neighbours.shape[1] - 1
            if distance > FARTHEST or distance >= distances[row, k]:
                continue
            while k > 0 and distances[row, k - 1] > distance:
                distances[row, k] = distances[row, k - 1]
                neighbours[row, k] = neighbours[row, k - 1]
                k -= 1
            distances[row, k], neighbours[row, k] = distance, j


@numba.njit(inline="always")
def _count_bits(word):
    """Bits set in a uint64; compilers know this form and turn it into one instruction."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


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
