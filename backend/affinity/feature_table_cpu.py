"""The feature table's two operations compiled for the CPU, forward and backward by hand."""

import numba
import numpy as np
import torch
from torch import Tensor

from ..rendering.rasterizer import RayContributions
from .adam import BETA_MEAN, BETA_SQUARE, EPSILON
from .feature_table import FeatureTable
from .ray_kernels import LANE, blend, lanes, spread


class CpuFeatureTable(FeatureTable):
    """The same table and the same numbers, without autograd and its intermediates."""

    def render(self, traced: RayContributions) -> Tensor:
        """See `FeatureTable.render`."""
        self._traced = traced
        features, neighbours = self.features.numpy(), self.neighbours.numpy()
        self._seen, self._local = localise(traced.gaussians, self._slot.numpy())
        self._units, self._lengths = unit_means(features, neighbours, self._seen)
        return torch.from_numpy(blend(traced.offsets, self._local, traced.weights, self._units))

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """See `FeatureTable.step`."""
        neighbours = self.neighbours.numpy()[self._seen]
        rows, local_neighbours = localise(neighbours.ravel(), self._slot.numpy())
        by_unit, rays = np.zeros_like(self._units), self._traced
        spread(rays.offsets, self._local, rays.weights, gradient.numpy(), by_unit)
        through_unit_means(by_unit, self._units, self._lengths * neighbours.shape[1])
        by_row = scatter(by_unit, local_neighbours.reshape(neighbours.shape), len(rows))
        arrays = (array.numpy() for array in self.adam.state().values())
        adam(*arrays, rows, by_row, self.adam.step_size(learning_rate))
        self.adam.steps_done += 1


@numba.njit(cache=True, nogil=True)
def localise(indices, slot):
    """The distinct indices [U] in the order of their first use, and each index's place among them.

    `slot`, [N] of -1, is scratch memory and is left as it was.
    """
    distinct = np.empty(min(len(indices), len(slot)), np.int32)
    local = np.empty(len(indices), np.int32)
    count = 0
    for e in range(len(indices)):
        index = indices[e]
        if slot[index] < 0:
            slot[index] = count
            distinct[count] = index
            count += 1
        local[e] = slot[index]
    distinct = distinct[:count].copy()
    for index in distinct:
        slot[index] = -1
    return distinct, local


@numba.njit(parallel=True, cache=True, nogil=True, fastmath=True, error_model="numpy")
def unit_means(features, neighbours, seen):
    """Means over neighbours of the seen Gaussians, as unit vectors [U, D], and their lengths."""
    dim, k = features.shape[1], neighbours.shape[1]
    units = np.zeros((len(seen), dim), np.float32)
    lengths = np.empty(len(seen), np.float32)
    for u in numba.prange(len(seen)):
        for n in range(k):
            row = neighbours[seen[u], n]
            for d in range(dim):
                units[u, d] += features[row, d]
        square = np.float32(0)
        for d in range(dim):
            square += units[u, d] * units[u, d]
        length = max(np.sqrt(square), np.float32(1e-12) * k)
        lengths[u] = length / k
        for d in range(dim):
            units[u, d] /= length
    return units, lengths


@numba.njit(parallel=True, cache=True, nogil=True, fastmath=True, error_model="numpy")
def through_unit_means(by_unit, units, lengths):
    """Turn gradients [U, D] by unit vectors into those by vectors of these lengths, in place."""
    dim = units.shape[1]
    for u in numba.prange(len(units)):
        along = np.float32(0)
        for d in range(dim):
            along += by_unit[u, d] * units[u, d]
        for d in range(dim):
            by_unit[u, d] = (by_unit[u, d] - along * units[u, d]) / lengths[u]


@numba.njit(parallel=True, cache=True, nogil=True, fastmath=True)
def scatter(values, slots, count):
    """Add each row of values [U, D] to all its slots [U, K] of a [count, D] array."""
    dim = values.shape[1]
    total = np.zeros((count, dim), np.float32)
    for lane in numba.prange(lanes(dim)):
        start, end = lane * LANE, min((lane + 1) * LANE, dim)
        for u in range(len(slots)):
            for n in range(slots.shape[1]):
                for d in range(start, end):
                    total[slots[u, n], d] += values[u, d]
    return total


@numba.njit(parallel=True, cache=True, nogil=True, fastmath=True, error_model="numpy")
def adam(features, mean_gradient, mean_square, rows, gradient, step_size):
    """Adam on some rows, in place."""
    for r in numba.prange(len(rows)):
        row = rows[r]
        for d in range(features.shape[1]):
            g = gradient[r, d]
            mean = mean_gradient[row, d] + np.float32(1 - BETA_MEAN) * (g - mean_gradient[row, d])
            square = mean_square[row, d]
            square += np.float32(1 - BETA_SQUARE) * (g * g - square)
            mean_gradient[row, d], mean_square[row, d] = mean, square
            features[row, d] -= (
                np.float32(step_size) * mean / (np.sqrt(square) + np.float32(EPSILON))
            )
