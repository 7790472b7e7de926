"""A warm start for the features: Gaussians that are masked together start out together.

How much of a Gaussian's visible weight falls in each mask is a sparse incidence
matrix. The leading left singular vectors of its degree-normalised form embed
each Gaussian by the masks that it appears in, over all views at once.
"""

import numpy as np
import scipy.sparse as sp

from ..progress import Report, silent
from .ray_bank import ViewRays

_OVERSAMPLING = 8
_POWER_ITERATIONS = 4


def incidence(bank: list[ViewRays], count: int) -> sp.csr_matrix:
    """Visible weight of each Gaussian in each mask of all views, [sum of M, N] float32."""
    blocks = []
    for rays in bank:
        weights = sp.csr_matrix((rays.weights, rays.gaussians, rays.offsets), (len(rays), count))
        blocks.append(sp.csr_matrix(rays.membership.T.astype(np.float32)) @ weights)
    return sp.vstack(blocks, format="csr")


def spectral_features(
    bank: list[ViewRays], count: int, dim: int, rng: np.random.Generator, report: Report = silent
) -> np.ndarray:
    """Unit features [N, dim] float32 from the masks alone; zero rows for Gaussians never seen.

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011) on the
    incidence matrix, both sides divided by the root of their degrees as in
    spectral co-clustering (Dhillon 2001).
    """
    matrix = incidence(bank, count)
    mask_degree, gaussian_degree = (np.asarray(matrix.sum(axis)).ravel() for axis in (1, 0))
    matrix = (
        sp.diags(_inverse_root(mask_degree)) @ matrix @ sp.diags(_inverse_root(gaussian_degree))
    )
    transposed = matrix.T  # a view
    basis = rng.standard_normal((matrix.shape[0], dim + _OVERSAMPLING)).astype(np.float32)
    for iteration in range(_POWER_ITERATIONS):
        report("Finding what is masked together", iteration / _POWER_ITERATIONS)
        basis, _ = np.linalg.qr(matrix @ (transposed @ basis))
    features = np.zeros((count, dim), np.float32)  # there may be fewer masks than dimensions
    leading = _left_singular(transposed @ basis)[:, :dim]
    features[:, : leading.shape[1]] = leading
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, norms, out=np.zeros_like(features), where=norms > 0)


def _left_singular(tall: np.ndarray) -> np.ndarray:
    """Left singular vectors times singular values of a tall matrix, largest first."""
    _, rotation = np.linalg.eigh(tall.T @ tall)
    return tall @ rotation[:, ::-1]


def _inverse_root(degree: np.ndarray) -> np.ndarray:
    return np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
