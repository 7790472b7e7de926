"""How alike Gaussians are at a scale: the cosine of gated features (Eq. 3, 8)."""

import numba
import numpy as np
from torch import Tensor

from ..affinity.field import AffinityField

THRESHOLD = 0.75  # cosine above which two are of one thing, unless a request has another

_BLOCK = 8192  # Gaussians whose sums stay in a near cache
_TOGETHER = 16  # dimensions that are added to a sum before it is stored


def similarity(field: AffinityField, query: Tensor, scale: float) -> np.ndarray:
    """Cosine similarity of every Gaussian with a query feature, both gated.

    The gate enters squared, once from either side, so that no gated copy of
    the features is made: on the CPU they are read once and nothing is written
    but the answer.

    Args:
        field: N Gaussians.
        query: [D], any length above zero.
        scale: in [0, 1].

    Returns:
        [N] float32 in [-1, 1]; 0 for a Gaussian without a feature.
    """
    squared_gate = field.gate_at(scale) ** 2
    weights = squared_gate * query
    weights = weights / (query @ weights).sqrt().clamp(min=1e-12)
    if field.features.is_cpu:
        by_dimension = field.features.numpy().T
        return _gated_cosine(by_dimension, weights.numpy(), squared_gate.numpy())
    norms = (field.features**2 @ squared_gate).sqrt().clamp(min=1e-12)
    return (field.features @ weights / norms).cpu().numpy()


@numba.njit(parallel=True, fastmath=True, cache=True, error_model="numpy", nogil=True)
def _gated_cosine(features, weights, squared_gate):
    """features: [D, N], so that whole blocks of Gaussians are summed up side by side."""
    dim, count = features.shape
    out = np.empty(count, np.float32)
    for block in numba.prange((count + _BLOCK - 1) // _BLOCK):
        start = block * _BLOCK
        size = min(_BLOCK, count - start)
        dots, squares = np.zeros(_BLOCK, np.float32), np.zeros(_BLOCK, np.float32)
        together = dim - dim % _TOGETHER
        for first in range(0, together, _TOGETHER):
            for i in range(size):
                dot, square = dots[i], squares[i]
                for d in range(_TOGETHER):  # of known length, so the compiler unrolls it
                    value = features[first + d, start + i]
                    dot += value * weights[first + d]
                    square += value * value * squared_gate[first + d]
                dots[i], squares[i] = dot, square
        for d in range(together, dim):
            for i in range(size):
                value = features[d, start + i]
                dots[i] += value * weights[d]
                squares[i] += value * value * squared_gate[d]
        for i in range(size):
            out[start + i] = dots[i] / max(np.sqrt(squares[i]), np.float32(1e-12))
    return out
