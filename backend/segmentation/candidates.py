"""Candidates for things: what the field says to each mask, and what masks show by themselves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch

from ..affinity.field import AffinityField
from ..affinity.ray_bank import ViewRays
from ..affinity.ray_kernels import blend
from ..progress import Report, silent
from ..sampling import strided
from .anchors import choose_anchors, selected_anchors
from .mask_fit import LEAST_SEEN, MaskedView
from .overlap import count_bits, iou
from .similarity import THRESHOLD, similarity

ALIKE = 0.85  # IoU from which two masks, or two things, are one
LEAST_MASK_PIXELS = 12  # that are known of a mask that is looked at by itself
MOST_ASKED = 1000  # groups of masks that the field is asked for, those of the most masks,
MOST_HELD = 25  # and how many of these a Gaussian may belong to, on average: what memory holds
MOST_LIFTED = 300  # masks that are: what they show, others of the same thing show too


class Candidates(NamedTuple):
    """Q sets of Gaussians that may be things."""

    belonging: sp.csc_array  # [N, Q] float32 in [0, 1], how surely each Gaussian belongs
    scales: np.ndarray  # [Q] in [0, 1]


def ask_field(
    field: AffinityField, bank: Sequence[ViewRays], report: Report = silent
) -> Candidates:
    """What each mask selects when it is asked of the field as a click would be.

    Belonging is a cosine above the threshold; masks that select the same are taken together.

    Args:
        field: trained on the bank.
        bank: traced views with their masks.
        report: told the stages.
    """
    features, scales = _queries(field, bank, report)
    anchors = choose_anchors(field, np.random.default_rng(0))
    group = _grouped(selected_anchors(field, anchors, features, scales, report), report)
    return _selected(field, features, scales, group, report)


def lift_unexplained(
    views: Sequence[MaskedView],
    mask_scales: Sequence[np.ndarray],
    found: sp.csc_array,
    report: Report = silent,
) -> Candidates:
    """The Gaussians that show in the masks that nothing found is like, mask by mask.

    Of more than `MOST_LIFTED` masks, some that are spread over the views. All belong for certain.

    Args:
        views: with their masks.
        mask_scales: of each view, [M] in [0, 1].
        found: [N, Q] how surely each Gaussian belongs to what is known already.
        report: told view by view.
    """
    selected = (found > THRESHOLD).astype(np.float32).tocsr()
    lifted, scales = [_no_sets(selected.shape[0])], [np.zeros(0)]
    for done, (view, of_view) in enumerate(zip(views, mask_scales, strict=True)):
        report("Looking at what is left", done / len(views))
        pixels = view.membership.sum(axis=0)
        left = (view.fits(selected).max(axis=1, initial=0) < ALIKE) & (pixels >= LEAST_MASK_PIXELS)
        lifted.append(_lifted(view, left))
        scales.append(of_view[left])
    lifted, scales = sp.hstack(lifted, "csc"), np.concatenate(scales)
    some = strided(len(scales), MOST_LIFTED)
    return Candidates(lifted[:, some], scales[some])


def _no_sets(gaussians: int) -> sp.csc_array:
    return sp.csc_array((gaussians, 0), dtype=np.float32)


def _lifted(view: MaskedView, masks: np.ndarray) -> sp.csc_array:
    """Ones [N, L] for the Gaussians that a view shows mostly within each of some masks."""
    within = sp.csc_array(view.weights.T @ view.membership[:, np.flatnonzero(masks)])
    shown = view.weights.sum(axis=0)[within.indices]
    mostly = (within.data > 0.5 * shown) & (shown > LEAST_SEEN)
    within.data = mostly.astype(np.float32)
    within.eliminate_zeros()
    return within


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
    sizes = count_bits(words)
    leaders, count = np.empty(len(words), np.int64), 0
    group = np.full(len(words), -1)
    for mask in np.flatnonzero(sizes):
        report("Comparing masks", mask / len(words))
        others = sizes[leaders[:count]]
        most = np.minimum(others, sizes[mask]) / np.maximum(others, sizes[mask])  # of any IoU
        near = np.flatnonzero(most >= ALIKE)
        shared = count_bits(words[leaders[near]] & words[mask])
        alike = iou(shared, others[near], sizes[mask])
        if alike.max(initial=0) >= ALIKE:
            group[mask] = near[alike.argmax()]
        else:
            leaders[count], group[mask] = mask, count
            count += 1
    return group


def _selected(
    field: AffinityField,
    features: np.ndarray,
    scales: np.ndarray,
    group: np.ndarray,
    report: Report,
) -> Candidates:
    """Cosines above the threshold with the mean query of each group, at its mean scale."""
    columns, of_group, held = [_no_sets(len(field.features))], [], 0
    largest = np.argsort(-np.bincount(group[group >= 0]), kind="stable")[:MOST_ASKED]
    for done, k in enumerate(largest):
        if held > MOST_HELD * len(field.features):
            break
        report("Selecting with each mask", done / len(largest))
        of_group.append(scales[group == k].mean())
        query = torch.from_numpy(features[group == k].mean(axis=0)).to(field.features.device)
        cosine = similarity(field, query, float(of_group[-1]))
        columns.append(sp.csc_array(np.where(cosine > THRESHOLD, cosine, 0)[:, None]))
        held += columns[-1].nnz
    return Candidates(sp.hstack(columns, format="csc"), np.array(of_group))
