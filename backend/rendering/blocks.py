"""Gaussians in blocks of neighbours: most of a scene is far from a ray, told a block at a time."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..cameras.camera import Camera
from .projection import DILATION, NEAR_PLANE, ProjectionInput, lens

BLOCK = 128  # Gaussians
_ROUNDING = 1 + 1e-9


@dataclass(frozen=True)
class Blocks:
    """B blocks of Gaussians that lie near each other, and what bounds each of them."""

    order: np.ndarray  # [N] int64 Gaussians, block after block
    centres: np.ndarray  # [B, 3] of a ball around the means
    radii: np.ndarray  # [B] of that ball
    cutoffs: np.ndarray  # [B] the largest, as in ProjectionInput
    reaches: np.ndarray  # [B] likewise

    @classmethod
    def of(cls, source: ProjectionInput) -> "Blocks":
        """Those of a cloud."""
        tree = cKDTree(source.means, BLOCK, compact_nodes=False, balanced_tree=False)
        order = tree.indices.astype(np.int64)
        starts = np.arange(0, len(order), BLOCK)
        means = source.means[order].astype(np.float64)
        low, high = (end.reduceat(means, starts) for end in (np.minimum, np.maximum))
        cutoffs, reaches = (
            np.maximum.reduceat(bound[order].astype(np.float64), starts)
            for bound in (source.cutoffs, source.reaches)
        )
        radii = np.linalg.norm(high - low, axis=1) / 2 * _ROUNDING
        return cls(order, (low + high) / 2, radii, cutoffs, reaches)

    def near(self, camera: Camera, window: np.ndarray) -> np.ndarray:
        """Gaussians, int64 [M] ascending: all that a projection finds in a window, few others.

        The quick rejection of a projection, made for the ball as a whole.

        Args:
            camera: the view.
            window: [4] first and last column, first and last row of pixels.
        """
        *place, depth = camera.to_frame(self.centres).T
        kept = depth + self.radii >= NEAR_PLANE
        fx, fy, cx, cy, *slopes = lens(camera)
        for axis, (focal, centre) in enumerate(((fx, cx), (fy, cy))):
            steepest = max(abs(slope) for slope in slopes[2 * axis : 2 * axis + 2])
            blur = 2 * DILATION * self.cutoffs * ((depth + self.radii) / focal) ** 2
            reach = np.sqrt(np.maximum(blur + (1 + steepest**2) * self.reaches, 0)) * _ROUNDING
            first, last = (window[2 * axis : 2 * axis + 2] + 0.5 - centre) / focal
            for edge, sign in ((first, -1), (last, 1)):  # planes through the eye
                beyond = sign * (place[axis] - edge * depth) - self.radii * math.hypot(1, edge)
                kept &= ~(beyond > reach)  # also where that is not finite
        return np.sort(self.order[np.repeat(kept, BLOCK)[: len(self.order)]])
