"""How well the masks of a view fit sets of Gaussians."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from ..affinity.ray_bank import MaskedRays
from .overlap import iou

LEAST_SEEN = 0.05  # pixels that a Gaussian must make up to be said anything of
LEAST_SET_PIXELS = 3  # pixels of a view that a set must show to be judged there,
LEAST_SET_SHARE = 1 / 5000  # and how large a part of all pixels


@dataclass(frozen=True)
class MaskedView:
    """The rays of a view as matrices."""

    weights: sp.csr_array  # [P, N] float32, blending weights
    membership: sp.csr_array  # [P, M] float32, whether a pixel lies in a mask

    @classmethod
    def of(cls, rays: MaskedRays, gaussians: int) -> "MaskedView":
        traced = rays.traced
        weights = traced.weights, traced.gaussians, traced.offsets.astype(np.int32)
        return cls(
            sp.csr_array(weights, (len(traced), gaussians)),
            sp.csr_array(rays.membership.astype(np.float32)),
        )

    @cached_property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """The Gaussians that the rays meet, [S] indices, and how many pixels each makes up, [S]."""
        pixels = self.weights.sum(axis=0)
        seen = np.flatnonzero(pixels)
        return seen.astype(np.int32), pixels[seen]

    def shown(self, selected: sp.csr_array) -> np.ndarray:
        """How many Gaussians of each set [N, Q] the view shows: float32 [Q]."""
        gaussians, pixels = self.seen
        return selected[gaussians[pixels > LEAST_SEEN]].sum(axis=0)

    def fits(self, selected: sp.csr_array) -> np.ndarray:
        """IoU [M, Q] of each mask with what the view shows of each set.

        Where the view shows next to nothing of a set, it is -1.

        Args:
            selected: [N, Q] float32, 1 for the Gaussians of each set.
        """
        shown = ((self.weights @ selected) > 0.5).astype(np.float32)
        shared = (self.membership.T @ shown).toarray()
        sizes = shown.sum(axis=0)
        fits = iou(shared, self.membership.sum(axis=0)[:, None], sizes)
        least = max(LEAST_SET_PIXELS, LEAST_SET_SHARE * self.weights.shape[0])
        return np.where(sizes >= least, fits, -1)

    def best_masks(self, selected: sp.csr_array) -> tuple[np.ndarray, np.ndarray]:
        """The best of `fits` for each set [Q], and which mask [Q] that is."""
        fits = self.fits(selected)
        return fits.max(axis=0), fits.argmax(axis=0)
