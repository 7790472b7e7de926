"""A warm start for the features: Gaussians that are masked together start out together.

How much of a Gaussian's visible weight falls in each mask is a sparse incidence
matrix. The leading singular vectors of its degree-normalised form embed each
Gaussian by the masks that it appears in, over all views at once.
"""

import itertools
from collections.abc import Callable

import numpy as np

from ..progress import Report, silent
from .ray_bank import ViewRays
from .ray_kernels import blend, spread

_OVERSAMPLING = 8
_POWER_ITERATIONS = 2


class Incidence:
    """Visible weight of each Gaussian in each mask of all views, a matrix [sum of M, N].

    Never formed: per view it is the masks over the pixels times the pixels'
    blending weights, and a product with either factor costs and holds less.
    """

    def __init__(
        self, bank: list[ViewRays], count: int, tick: Callable[[], None] = lambda: None
    ) -> None:
        """count: N, the Gaussians of the scene; tick: called after each view of each product."""
        self._tick = tick
        self._bank = bank
        self._ends = np.cumsum([rays.membership.shape[1] for rays in bank])
        self.shape = (int(self._ends[-1]), count)

    def times(self, by_gaussian: np.ndarray) -> np.ndarray:
        """The product with [N, C], float32 [sum of M, C]."""
        parts = []
        for rays in self._bank:
            traced = rays.traced
            by_pixel = blend(traced.offsets, traced.gaussians, traced.weights, by_gaussian)
            parts.append(_masks_of(rays).T @ by_pixel)
            self._tick()
        return np.concatenate(parts)

    def transposed_times(self, by_mask: np.ndarray) -> np.ndarray:
        """The transpose's product with [sum of M, C], float32 [N, C]."""
        total = np.zeros((self.shape[1], by_mask.shape[1]), np.float32)
        parts = np.split(by_mask, self._ends[:-1])
        for rays, part in zip(self._bank, parts, strict=True):
            traced, by_pixel = rays.traced, _masks_of(rays) @ part
            spread(traced.offsets, traced.gaussians, traced.weights, by_pixel, total)
            self._tick()
        return total


def spectral_features(
    bank: list[ViewRays], count: int, dim: int, rng: np.random.Generator, report: Report = silent
) -> np.ndarray:
    """Unit features [N, dim] float32 from the masks alone; zero rows for Gaussians never seen.

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011) on the
    incidence matrix, both sides divided by the root of their degrees as in
    spectral co-clustering (Dhillon 2001).
    """
    products = len(bank) * (2 * _POWER_ITERATIONS + 3)
    done = itertools.count(1)

    def tick() -> None:
        report("Finding what is masked together", next(done) / products)

    report("Finding what is masked together", 0.0)
    incidence = Incidence(bank, count, tick)
    masks, _ = incidence.shape
    per_mask = _inverse_root(incidence.times(np.ones((count, 1), np.float32)))
    per_gaussian = _inverse_root(incidence.transposed_times(np.ones((masks, 1), np.float32)))
    basis = rng.standard_normal((masks, dim + _OVERSAMPLING)).astype(np.float32)
    for _ in range(_POWER_ITERATIONS):
        by_gaussian = incidence.transposed_times(per_mask * basis)
        by_gaussian *= per_gaussian**2  # in place, as all [N, C] are: they rule the memory
        basis, _ = np.linalg.qr(per_mask * incidence.times(by_gaussian))
        del by_gaussian
    embedded = incidence.transposed_times(per_mask * basis)
    embedded *= per_gaussian
    features = np.zeros((count, dim), np.float32)  # there may be fewer masks than dimensions
    leading = _principal(embedded)[:, :dim]
    report("Finding what is masked together", 1.0)
    features[:, : leading.shape[1]] = leading
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, norms, out=features, where=norms > 0)


def _principal(tall: np.ndarray) -> np.ndarray:
    """Left singular vectors times singular values of a tall matrix, largest first."""
    _, rotation = np.linalg.eigh(tall.T @ tall)
    return tall @ rotation[:, ::-1]


def _masks_of(rays: ViewRays) -> np.ndarray:
    """Which mask a pixel lies in, [P, M] float32: of all views at once it would fill the memory."""
    return rays.membership.astype(np.float32)


def _inverse_root(degree: np.ndarray) -> np.ndarray:
    return np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
