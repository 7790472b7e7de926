"""Sums along traced rays on the CPU, and their transpose: the two products of the ray bank."""

import numba
import numpy as np

LANE = 16  # columns that one thread adds to: a cache line of float32, so no two threads share one


@numba.njit(cache=True)
def lanes(columns):
    """How many lanes an array of so many columns has."""
    return (columns + LANE - 1) // LANE


@numba.njit(parallel=True, cache=True, nogil=True, fastmath=True)
def blend(offsets, gaussians, weights, values):
    """Weighted sums of the values [N, C] of Gaussians along rays (Eq. 10), [P, C] float32.

    Args:
        offsets: [P + 1], ray p has the entries offsets[p]:offsets[p + 1].
        gaussians, weights: [E] rows of values, and blending weights.
    """
    columns = values.shape[1]
    blended = np.zeros((len(offsets) - 1, columns), np.float32)
    for p in numba.prange(len(blended)):
        for e in range(offsets[p], offsets[p + 1]):
            for c in range(columns):
                blended[p, c] += weights[e] * values[gaussians[e], c]
    return blended


@numba.njit(parallel=True, cache=True, nogil=True, fastmath=True)
def spread(offsets, gaussians, weights, by_ray, total):
    """The transpose of `blend`: add [P, C] of rays to the rows of total [N, C], in place."""
    columns = by_ray.shape[1]
    for lane in numba.prange(lanes(columns)):
        start, end = lane * LANE, min((lane + 1) * LANE, columns)
        for p in range(len(by_ray)):
            for e in range(offsets[p], offsets[p + 1]):
                for c in range(start, end):
                    total[gaussians[e], c] += weights[e] * by_ray[p, c]
