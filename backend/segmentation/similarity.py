"""How alike Gaussians are at a scale: the cosine of gated features (Eq. 3, 8)."""

import numba
import numpy as np
from torch import Tensor

from ..affinity.field import AffinityField


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
    if field.features.device.type == "cpu":
        return _gated_cosine(field.features.numpy(), weights.numpy(), squared_gate.numpy())
    norms = (field.features**2 @ squared_gate).sqrt().clamp(min=1e-12)
    return (field.features @ weights / norms).cpu().numpy()


@numba.njit(parallel=True, fastmath=True, cache=True, error_model="numpy", nogil=True)
def _gated_cosine(features, weights, squared_gate):
    out = np.empty(len(features), np.float32)
    for i in numba.prange(len(features)):
        dot, square = np.float32(0), np.float32(0)
        for d in range(features.shape[1]):
            value = features[i, d]
            dot += value * weights[d]
            square += value * value * squared_gate[d]
        out[i] = dot / max(np.sqrt(square), np.float32(1e-12))
    return out
