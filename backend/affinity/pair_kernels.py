"""The pair terms of the loss on the CPU: pixel pairs sorted, drawn and weighed in two passes.

The same as `loss.pair_coefficients`, whose tensors of all pairs at all scales
cost more than the arithmetic: here a pair's identities are compared as bits,
and coefficients take the place of the similarities that they were made from.
"""

import numba
import numpy as np
from torch import Tensor

from .correspondence import SampledPixels

HARD_NEGATIVE = 0.5  # a consistent negative pair above this feature correspondence is hard (A.1)
HARD_POSITIVE = 0.75  # a consistent positive pair below this one is hard (A.1)

# What a pair is. Of the consistent ones, the easy are in the loss only if they are drawn.
INCONSISTENT, POSITIVE, NEGATIVE, EASY_POSITIVE, EASY_NEGATIVE = 1, 2, 3, 4, 5


def pair_coefficients_cpu(
    similarity: Tensor, pixels: SampledPixels, seed: int | None
) -> tuple[float, Tensor]:
    """See `loss.pair_coefficients`; `similarity` is overwritten with the coefficients."""
    cosines = similarity.numpy()
    identities = identity_bits(pixels.membership, pixels.mask_scales, pixels.scales)
    kinds, counts = sort_pairs(identities, cosines)
    if seed is None:
        seed, taken = 0, counts.sum()  # as many as there are
    else:
        taken = counts[INCONSISTENT] // 2
    draw_easy(kinds, counts, taken, np.random.default_rng(seed))
    return weigh_pairs(kinds, identities, pixels.mean_mask_areas, cosines), similarity


@numba.njit(cache=True, nogil=True)
def identity_bits(membership, mask_scales, scales):
    """Scale-aware identity vectors (Eq. 6), packed: [S, W, P] uint64.

    Args:
        membership: [P, M] boolean.
        mask_scales, scales: [M] and [S], in one unit.
    """
    count, masks = membership.shape
    identities = np.zeros((len(scales), (masks + 63) // 64, count), np.uint64)
    for p in range(count):
        for s in range(len(scales)):
            smallest = np.inf
            for m in range(masks):
                if membership[p, m] and scales[s] <= mask_scales[m] < smallest:
                    smallest = mask_scales[m]
            for m in range(masks):
                if membership[p, m] and (mask_scales[m] < scales[s] or mask_scales[m] == smallest):
                    identities[s, m // 64, p] |= np.uint64(1) << np.uint64(m % 64)
    return identities


@numba.njit(cache=True)
def _shared(identities, s, i, shared):
    """Make shared[j] nonzero where pixels i and j > i share a mask at scale s (Eq. 7)."""
    shared[i + 1 :] = 0
    for w in range(identities.shape[1]):
        mine = identities[s, w, i]
        for j in range(i + 1, len(shared)):
            shared[j] |= mine & identities[s, w, j]


@numba.njit(parallel=True, cache=True, nogil=True)
def sort_pairs(identities, similarity):
    """What each pair i < j is, [P, P] uint8, and how many there are of each kind, [6]."""
    scales, _, count = identities.shape
    kinds = np.zeros((count, count), np.uint8)
    counts = np.zeros((count, 6), np.int64)
    for i in numba.prange(count):
        shared = np.empty(count, np.uint64)
        times = np.zeros(count, np.int32)
        low, high = np.full(count, np.float32(2)), np.full(count, np.float32(-2))
        for s in range(scales):
            _shared(identities, s, i, shared)
            for j in range(i + 1, count):
                times[j] += shared[j] != 0
                low[j] = min(low[j], similarity[s, i, j])
                high[j] = max(high[j], similarity[s, i, j])
        for j in range(i + 1, count):
            if times[j] == scales:
                kind = POSITIVE if low[j] < np.float32(HARD_POSITIVE) else EASY_POSITIVE
            elif times[j] == 0:
                kind = NEGATIVE if high[j] > np.float32(HARD_NEGATIVE) else EASY_NEGATIVE
            else:
                kind = INCONSISTENT
            kinds[i, j] = kind
            counts[i, kind] += 1
    return kinds, counts.sum(axis=0)


@numba.njit(cache=True, nogil=True)
def draw_easy(kinds, counts, taken, rng):
    """Draw `taken` of all positive and as many of all negative pairs; the easy ones join the loss.

    Knuth's selection sampling: equal chances, exact numbers, one pass.
    """
    left = np.array([0, 0, counts[POSITIVE] + counts[EASY_POSITIVE],
                     counts[NEGATIVE] + counts[EASY_NEGATIVE]])  # fmt: skip
    wanted = np.minimum(left, taken)
    for i in range(len(kinds)):
        for j in range(i + 1, len(kinds)):
            kind = kinds[i, j]
            if kind == INCONSISTENT:
                continue
            side = kind - 2 if kind >= EASY_POSITIVE else kind
            if wanted[side] > 0 and rng.random() * left[side] < wanted[side]:
                wanted[side] -= 1
                counts[kind] -= 1
                counts[side] += 1
                kinds[i, j] = side
            left[side] -= 1


@numba.njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def weigh_pairs(kinds, identities, mean_mask_areas, similarity):
    """Replace similarities by their coefficients in the loss (Eq. 9, 13, A.1); returns the loss."""
    scales, _, count = identities.shape
    inverse = 1 / mean_mask_areas
    low, high = inverse.min() ** 2, inverse.max() ** 2
    steepness = 9 / max(high - low, np.finfo(np.float32).tiny)
    sizes = np.bincount(kinds.ravel(), minlength=6)
    of_positive = 1 / max(sizes[INCONSISTENT] + sizes[POSITIVE], 1) / scales
    of_negative = 1 / max(sizes[INCONSISTENT] + sizes[NEGATIVE], 1) / scales
    share = np.array([0, of_positive + of_negative, of_positive, of_negative, 0, 0], np.float32)
    loss = np.zeros(count)
    for i in numba.prange(count):
        shared = np.empty(count, np.uint64)
        pair = np.zeros(count, np.float32)
        for j in range(i + 1, count):
            weight = 1 + steepness * (inverse[i] * inverse[j] - low)
            pair[j] = share[kinds[i, j]] * weight
        for s in range(scales):
            _shared(identities, s, i, shared)
            similarity[s, i, : i + 1] = 0
            total = np.float32(0)
            for j in range(i + 1, count):
                cosine = similarity[s, i, j]
                coefficient = -pair[j] if shared[j] != 0 else pair[j]
                coefficient = coefficient if cosine > 0 else np.float32(0)
                total += coefficient * cosine
                similarity[s, i, j] = coefficient
            loss[i] += total
    return loss.sum()
