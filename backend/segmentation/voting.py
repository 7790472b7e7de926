"""Masks vote on what belongs to a candidate: of each view the one that fits it best."""

from collections.abc import Iterable
from dataclasses import dataclass

import numba
import numpy as np
import scipy.sparse as sp

from ..affinity.ray_bank import MaskedRays
from ..progress import Report, silent
from .anchors import THRESHOLD
from .mask_fit import LEAST_WEIGHT, MaskedView

KEPT = 0.25  # belonging below which none is noted


@dataclass(frozen=True)
class Votes:
    """What the views say of Q candidates."""

    belonging: sp.csr_array  # [N, Q] float32 in [0, 1]
    agreement: np.ndarray  # [Q] mean IoU with the best masks
    views: np.ndarray  # [Q] how many had a vote


def vote(
    views: Iterable[MaskedRays],
    count: int,
    candidates: sp.csr_array,
    least_fit: float,
    report: Report = silent,
) -> Votes:
    """Let the mask of each view that fits a candidate best say what belongs to it.

    Args:
        views: with their masks.
        count: about how many views these are.
        candidates: [N, Q] float32, how surely each Gaussian belongs.
        least_fit: IoU from which that mask has a vote.
        report: told view by view.
    """
    selected = (candidates > THRESHOLD).astype(np.float32)
    share, fits, seen = sp.csr_array(candidates.shape, dtype=np.float32), [], []
    for done, rays in enumerate(views):
        report("Agreeing on things", min(done / count, 1.0))
        view = MaskedView.of(rays, selected.shape[0])
        fit, best = view.best_masks(selected)
        has_vote = sp.diags_array((fit >= least_fit).astype(np.float32))
        share += view.weights.T @ (view.membership[:, best] @ has_vote)
        fits.append(fit)
        seen.append(sp.csc_array(view.weights.sum(axis=0)[:, None]))
    fits, seen = np.array(fits), sp.hstack(seen, "csr")  # [V, Q]; [N, V] pixels in each view
    has_vote = fits >= least_fit
    asked = _weight_where(seen, has_vote, share)
    counts = asked > LEAST_WEIGHT
    # Half of the votes are what the threshold is to a cosine.
    share.data = np.where(counts, np.minimum(2 * THRESHOLD * share.data / asked, 1), 0)
    unasked = candidates.copy()
    unasked.data = unasked.data * (_weight_where(seen, has_vote, candidates) <= LEAST_WEIGHT)
    belonging = share + unasked
    belonging.data[belonging.data < KEPT] = 0
    belonging.eliminate_zeros()
    shown_in = fits >= 0
    agreement = (fits * shown_in).sum(axis=0) / np.maximum(shown_in.sum(axis=0), 1)
    return Votes(belonging, agreement, has_vote.sum(axis=0))


def _weight_where(seen: sp.csr_array, has_vote: np.ndarray, candidates: sp.csr_array) -> np.ndarray:
    """For each entry of candidates [N, Q]: pixels of its Gaussian in views with a vote on it."""
    out = np.empty(candidates.nnz, np.float32)
    first, views, first_candidate, columns = (  # of one type, so that it is compiled once
        array.astype(np.int32, copy=False)
        for matrix in (seen, candidates)
        for array in (matrix.indptr, matrix.indices)
    )
    _add_where(first, views, seen.data, has_vote, first_candidate, columns, out)
    return out


@numba.njit(parallel=True, cache=True, nogil=True)
def _add_where(first_seen, views, pixels, has_vote, first, columns, out):
    for g in numba.prange(len(first) - 1):
        for entry in range(first[g], first[g + 1]):
            total = np.float32(0)
            for k in range(first_seen[g], first_seen[g + 1]):
                if has_vote[views[k], columns[entry]]:
                    total += pixels[k]
            out[entry] = total
