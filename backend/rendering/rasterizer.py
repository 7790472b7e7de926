"""What a rasterizer can do. Two stand behind it: numba on the CPU, gsplat on CUDA.

Both follow gsplat's classic conventions: pixel centres at +0.5, covariances
dilated by 0.3 px^2 on the screen, contributions below 1/255 dropped, alpha
capped at 0.99 (gsplat 1.5.3 itself: 0.999), a ray ends before its transmittance
would fall to 1e-4 or below.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..cameras.camera import Camera
from ..errors import BadInput


@dataclass(frozen=True)
class RenderedView:
    """One picture of the scene."""

    values: np.ndarray  # [H, W, C] float32 blended values; for colour RGB over black, about [0, 1]
    depth: np.ndarray  # [H, W] float32 expected z-depth divided by alpha; 0 where alpha is 0
    alpha: np.ndarray  # [H, W] float32 in [0, 1]


@dataclass(frozen=True, eq=False)
class RayContributions:
    """Who makes up each pixel: weights alpha_i * T_i of Eq. 4, front to back, in CSR form.

    It equals itself alone, so that what is made of it can be remembered.
    """

    offsets: np.ndarray  # [P + 1] int64; pixel p owns entries offsets[p]:offsets[p + 1]
    gaussians: np.ndarray  # [E] int32 indices into the cloud
    weights: np.ndarray  # [E] float32
    depth: np.ndarray  # [P] float32 expected z-depth divided by alpha; 0 where nothing is hit

    def __len__(self) -> int:
        return len(self.depth)

    def take(self, pixels: np.ndarray) -> "RayContributions":
        """Those of a choice of pixels, integer [B], in that order; they may repeat."""
        lengths = np.diff(self.offsets)[pixels]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        first = np.repeat(self.offsets[pixels] - offsets[:-1], lengths)
        entries = first + np.arange(offsets[-1])
        return RayContributions(
            offsets, self.gaussians[entries], self.weights[entries], self.depth[pixels]
        )


class Rasterizer(Protocol):
    """Renders one Gaussian cloud, given at construction."""

    note: str  # what a person should know of how it does so, mostly ""

    def render(self, camera: Camera, values: np.ndarray | None = None) -> RenderedView:
        """Blend per-Gaussian values (float32 [N, C]) over a view; None means colour from SH."""

    def trace(
        self, camera: Camera, pixels: np.ndarray, present: np.ndarray | None = None
    ) -> RayContributions:
        """List the Gaussians behind pixels, integer [P, 2] as (column, row) inside the image.

        As if only those `present` (boolean [N]) were there; None is all.
        """


def require_one_per_gaussian(values: np.ndarray, count: int) -> None:
    """Refuse values [N, C] that are not one row per Gaussian: a defect of the caller's."""
    if values.ndim != 2 or len(values) != count:
        raise ValueError(f"values of shape {values.shape} for {count} Gaussians")


def require_inside(pixels: np.ndarray, camera: Camera) -> None:
    """Refuse pixels [P, 2] (column, row) outside a view with `BadInput`."""
    if ((pixels < 0) | (pixels >= [camera.width, camera.height])).any():
        raise BadInput(
            f"A pixel lies outside the view {camera.name} of {camera.width} x {camera.height}.",
            "Count columns and rows from 0 at the top left.",
        )
