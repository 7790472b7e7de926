"""Lens distortion, and photographs as a lens without it would have taken them."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates


@dataclass(frozen=True)
class Lens:
    """Distortion as OpenCV defines it (documentation of calib3d, and of its fisheye model)."""

    radial: tuple[float, ...]  # k1 to k6, or k1 to k4 of a fisheye; those left out are 0
    tangential: tuple[float, float] = (0.0, 0.0)  # p1, p2; a fisheye has none
    fisheye: bool = False

    def distort(self, xy: np.ndarray) -> np.ndarray:
        """Where points are seen: [..., 2] in the plane z = 1 before and after the lens."""
        square = (xy * xy).sum(axis=-1, keepdims=True)
        if self.fisheye:
            radius = np.sqrt(square)
            angle = np.arctan(radius)
            bent = angle * _series(self.radial, angle * angle)
            return xy * np.divide(bent, radius, out=np.ones_like(bent), where=radius > 0)
        scale = _series(self.radial[:3], square) / _series(self.radial[3:], square)
        p1, p2 = self.tangential
        shift = 2 * xy[..., :1] * xy[..., 1:] * [p1, p2] + (square + 2 * xy * xy) * [p2, p1]
        return xy * scale + shift


def lens_of_colmap(model: str, extra: tuple[float, ...]) -> Lens | None:
    """The lens of a COLMAP camera; None where it does not distort.

    Args:
        model: its name.
        extra: its parameters less focal lengths and principal point.
    """
    if model.endswith("FISHEYE"):
        return Lens(extra, fisheye=True)
    if not any(extra):
        return None
    if not model.endswith("OPENCV"):
        return Lens(extra)
    k1, k2, p1, p2, *higher = extra
    return Lens((k1, k2, *higher), (p1, p2))


def undistort(
    image: np.ndarray, lens: Lens, intrinsics: tuple[float, float, float, float]
) -> np.ndarray:
    """A photograph as a pinhole of the same intrinsics sees it, uint8 [H, W, 3].

    What lies outside the photograph takes the colour of its nearest edge.

    Args:
        image: uint8 [H, W, 3].
        lens: through which it was taken.
        intrinsics: fx, fy, cx, cy in pixels.
    """
    fx, fy, cx, cy = intrinsics
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    seen = lens.distort(np.stack([(columns - cx) / fx, (rows - cy) / fy], axis=-1))
    places = [seen[..., 1] * fy + cy - 0.5, seen[..., 0] * fx + cx - 0.5]
    channels = [
        map_coordinates(image[..., k], places, np.float32, order=1, mode="nearest")
        for k in range(image.shape[2])
    ]
    return (np.stack(channels, axis=-1) + 0.5).astype(np.uint8)


def _series(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """1 + c1 x + c2 x^2 + ..."""
    return np.polynomial.polynomial.polyval(x, (1.0, *coefficients))
