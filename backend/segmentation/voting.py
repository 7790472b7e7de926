"""Masks vote on what belongs to a candidate: of each view the one that fits it best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import scipy.sparse as sp

from ..progress import Report, silent
from .mask_fit import LEAST_SEEN, MaskedView
from .similarity import THRESHOLD

KEPT = 0.25  # belonging below which none is noted
LEAST_ASKED = 0.1  # of what is usual for a set: a Gaussian's pixels that views with a vote show
TOGETHER = 16  # views whose votes are kept before they join the others


@dataclass(frozen=True)
class Votes:
    """What the views say of Q candidates."""

    belonging: sp.csc_array  # [N, Q] float32 in [0, 1]
    agreement: np.ndarray  # [Q] mean IoU with the best masks, by how much of a set each view shows
    views: np.ndarray  # [Q] how many had a vote


def vote(
    views: Iterable[MaskedView],
    count: int,
    candidates: sp.csc_array,
    least_fit: float,
    report: Report = silent,
) -> Votes:
    """Let the mask of each view that fits a candidate best say what belongs to it.

    What these views hardly show, next to what the others show of it, is as sure as before: the
    few pixels of a mask that show what is far behind the thing, through its holes, decide nothing.

    Args:
        views: each is looked at once.
        count: about how many these are.
        candidates: [N, Q] float32, how surely each Gaussian belongs.
        least_fit: IoU from which that mask has a vote.
        report: told view by view.
    """
    selected = (candidates > THRESHOLD).astype(np.float32).tocsr()
    fits, seen, shown, said = [], [], [], []
    share = sp.csc_array(candidates.shape, dtype=np.float32)
    for done, view in enumerate(views):
        report("Agreeing on things", min(done / count, 1.0))
        fit, best = view.best_masks(selected)
        has_vote = sp.diags_array((fit >= least_fit).astype(np.float32))
        said.append(view.weights.T @ (view.membership[:, best] @ has_vote))
        fits.append(fit)
        seen.append(view.seen)
        shown.append(view.shown(selected))
        if len(said) == TOGETHER:
            share, said = share + _sum(said), []
    share, fits, shown = _sum([share, *said]), np.array(fits), np.array(shown)
    has_vote = fits >= least_fit
    usual = (shown * has_vote).sum(axis=0) / np.maximum(shown.sum(axis=0), 1)
    in_all_views = _pixels(seen, candidates.shape[0])

    def asked(sets: sp.csc_array) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of each entry's Gaussian in the views with a vote; whether they decide on it."""
        pixels = _pixels_asked(sets, seen, has_vote, report)
        least = LEAST_ASKED * np.repeat(usual, np.diff(sets.indptr)) * in_all_views[sets.indices]
        return pixels, pixels > np.maximum(least, LEAST_SEEN)

    undecided = candidates.copy()
    undecided.data[asked(candidates)[1]] = 0
    belonging = _balanced(share, *asked(share)) + undecided
    belonging.data[belonging.data < KEPT] = 0
    belonging.eliminate_zeros()
    weight = np.where(fits >= 0, shown, 0)
    agreement = (fits * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1)
    return Votes(belonging, agreement, has_vote.sum(axis=0))


def _sum(matrices: Sequence[sp.csc_array]) -> sp.csc_array:
    """The sum of at least one matrix, in halves: sparse sums grow."""
    if len(matrices) == 1:
        return matrices[0]
    half = len(matrices) // 2
    return _sum(matrices[:half]) + _sum(matrices[half:])


def _balanced(share: sp.csc_array, asked: np.ndarray, decided: np.ndarray) -> sp.csc_array:
    """Belonging by the votes: half of what was asked is what the threshold is to a cosine."""
    belonging = share.copy()
    belonging.data = np.minimum(2 * THRESHOLD * share.data / np.maximum(asked, LEAST_SEEN), 1)
    belonging.data[~decided] = 0
    return belonging


def _pixels(seen: Sequence[tuple[np.ndarray, np.ndarray]], gaussians: int) -> np.ndarray:
    """How many pixels each Gaussian makes up in all views, float32 [N]."""
    pixels = np.zeros(gaussians, np.float32)
    for some, shown in seen:
        pixels[some] += shown
    return pixels


def _pixels_asked(
    sets: sp.csc_array,
    seen: Sequence[tuple[np.ndarray, np.ndarray]],
    has_vote: np.ndarray,
    report: Report,
) -> np.ndarray:
    """For each entry of sets [N, Q]: pixels of its Gaussian in the views with a vote on the set.

    Args:
        sets: of Gaussians.
        seen: of each of V views, see `MaskedView.seen`.
        has_vote: boolean [V, Q].
        report: told now and then.
    """
    asked = np.zeros(sets.nnz, np.float32)
    first, members = (array.astype(np.int32, copy=False) for array in (sets.indptr, sets.indices))
    for (gaussians, pixels), asks in zip(seen, has_vote, strict=True):
        report("Agreeing on things", 1.0)
        of_view = np.zeros(sets.shape[0], np.float32)
        of_view[gaussians] = pixels
        _add_where(asks, first, members, of_view, asked)
    return asked


@numba.njit(parallel=True, cache=True, nogil=True)
def _add_where(asks, first, members, of_view, asked):
    for q in numba.prange(len(asks)):
        if asks[q]:
            for entry in range(first[q], first[q + 1]):
                asked[entry] += of_view[members[entry]]
