"""What the masks of several views agree on: from masks of pixels to sets of Gaussians.

Each mask is asked of the trained field as a click would be; what selects the same is
one candidate. A candidate is then moved onto the masks that fit it best in each view:
they vote on every Gaussian by how much it shows in them. The idea that views should
agree on a mask is that of Yan et al. 2024, MaskClustering.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import scipy.sparse as sp
import torch

from ..affinity.field import AffinityField
from ..affinity.ray_bank import MaskedRays, ViewRays
from ..affinity.ray_kernels import blend
from ..affinity.things import SURELY, Things
from ..progress import Report, silent
from .anchors import THRESHOLD, choose_anchors, selected_anchors
from .mask_fit import MaskedView
from .similarity import similarity

ALIKE = 0.85  # IoU from which two masks, or two things, are one
LEAST_WEIGHT = 0.05  # pixels that a Gaussian must make up for the votes on it to count
LEAST_AGREEMENT = 0.65  # mean IoU with the best masks of all views that show the thing
LEAST_VIEWS = 2  # that agree on a thing
LEAST_GAUSSIANS = 10  # that make up a thing
KEPT = 0.25  # belonging below which none is noted
FITS = 0.5, 0.6, 0.7  # IoU from which a mask of a view has a vote, round by round


@dataclass(frozen=True)
class Votes:
    """What the views say of Q candidates."""

    belonging: sp.csr_array  # [N, Q] float32 in [0, 1]
    agreement: np.ndarray  # [Q] mean IoU with the best masks
    views: np.ndarray  # [Q] how many had a vote


def agree(
    field: AffinityField,
    bank: Sequence[ViewRays],
    fine: Iterable[MaskedRays],
    report: Report = silent,
) -> Things:
    """The things that the masks of a bank agree on, in no order.

    Args:
        field: trained on the bank.
        bank: traced views with their masks.
        fine: the same views with more pixels, which say where exactly a thing ends.
        report: told the stages.
    """
    features, scales = _queries(field, bank, report)
    anchors = choose_anchors(field, np.random.default_rng(0))
    group = _grouped(selected_anchors(field, anchors, features, scales, report), report)
    if group.max() < 0:
        return Things.none(len(field.features))
    candidates, scales = _selected(field, features, scales, group, report)
    for done, least_fit in enumerate(FITS, 1):
        rays = bank if done < len(FITS) else fine
        report("Agreeing on things", 0.0)
        votes = _vote(rays, len(bank), candidates, least_fit, report)
        report("Agreeing on things", 1.0)
        kept = _worth_keeping(votes)
        candidates, scales = votes.belonging[:, kept], scales[kept]
    in_bytes = sp.csc_array(candidates)
    in_bytes.data = np.round(in_bytes.data * SURELY).astype(np.uint8)
    return Things(in_bytes, scales)


def _queries(
    field: AffinityField, bank: Sequence[ViewRays], report: Report
) -> tuple[np.ndarray, np.ndarray]:
    """Mean rendered feature under each mask (Eq. 14), [M, D] of unit length; its scale, [M]."""
    report("Looking at the masks", 0.0)
    features, means, scales = np.ascontiguousarray(field.features.cpu().numpy()), [], []
    for done, rays in enumerate(bank):
        report("Looking at the masks", done / len(bank), rays.name)
        traced = rays.traced
        rendered = blend(traced.offsets, traced.gaussians, traced.weights, features)
        means.append(rays.membership.T.astype(np.float32) @ rendered)
        scales.append(field.scale_map.to_unit(rays.mask_scales))
    means = np.concatenate(means)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return means / np.maximum(lengths, 1e-12), np.concatenate(scales)


def _grouped(selected: np.ndarray, report: Report) -> np.ndarray:
    """Group bits [M, B] by the first that they are like: [M] group of each, -1 of what is empty."""
    words = np.pad(selected, ((0, 0), (0, -selected.shape[1] % 8))).view(np.uint64)
    sizes = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    leaders = np.empty(0, np.int64)
    group = np.full(len(words), -1)
    for mask in np.flatnonzero(sizes):
        report("Comparing masks", mask / len(words))
        shared = np.bitwise_count(words[leaders] & words[mask]).sum(axis=1, dtype=np.int64)
        iou = shared / (sizes[leaders] + sizes[mask] - shared)
        if iou.max(initial=0) < ALIKE:
            leaders, iou = np.append(leaders, mask), np.append(iou, 1)
        group[mask] = iou.argmax()
    return group


def _selected(
    field: AffinityField,
    features: np.ndarray,
    scales: np.ndarray,
    group: np.ndarray,
    report: Report,
) -> tuple[sp.csr_array, np.ndarray]:
    """Cosines [N, Q] above the threshold with the mean query of each group; its scales [Q]."""
    columns, of_group = [], []
    count = group.max() + 1
    for k in range(count):
        report("Selecting with each mask", k / count)
        of_group.append(scales[group == k].mean())
        query = torch.from_numpy(features[group == k].mean(axis=0)).to(field.features.device)
        cosine = similarity(field, query, float(of_group[-1]))
        columns.append(sp.csc_array(np.where(cosine > THRESHOLD, cosine, 0)[:, None]))
    return sp.hstack(columns, format="csr"), np.array(of_group)


def _vote(
    views: Iterable[MaskedRays],
    count: int,
    candidates: sp.csr_array,
    least_fit: float,
    report: Report,
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


def _worth_keeping(votes: Votes) -> np.ndarray:
    """Indices of the candidates that views agree on, the best of those that are alike."""
    selected = (votes.belonging > THRESHOLD).astype(np.float32)
    sizes = selected.sum(axis=0)
    good = (votes.agreement >= LEAST_AGREEMENT) & (votes.views >= LEAST_VIEWS)
    good &= sizes >= LEAST_GAUSSIANS
    shared = (selected.T @ selected).toarray()
    iou = shared / np.maximum(sizes[:, None] + sizes - shared, 1)
    kept: list[int] = []
    for k in np.argsort(-votes.agreement, kind="stable"):
        if good[k] and iou[k, kept].max(initial=0) < ALIKE:
            kept.append(k)
    return np.sort(np.array(kept, np.int64))
