"""Lens distortion, and photographs as a lens without it would have taken them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

STRIP = 1 << 16  # pixels that are worked out at once


class Lens(Protocol):
    """Where a lens lets points be seen."""

    def distort(self, xy: np.ndarray) -> np.ndarray:
        """Where points are seen: [..., 2] in the plane z = 1 before and after the lens."""


@dataclass(frozen=True)
class Perspective:
    """OpenCV's common lens (documentation of calib3d)."""

    radial: tuple[float, ...]  # k1 to k6; those left out are 0
    tangential: tuple[float, float] = (0.0, 0.0)  # p1, p2

    def distort(self, xy: np.ndarray) -> np.ndarray:
        square = _square(xy)
        scale = _series(self.radial[:3], square) / _series(self.radial[3:], square)
        return xy * scale + _tangential_shift(self.tangential, xy)


@dataclass(frozen=True)
class Fisheye:
    """OpenCV's fisheye, and with tangential and thin-prism terms COLMAP's and Project Aria's."""

    radial: tuple[float, ...] = ()  # of the angle from the axis
    tangential: tuple[float, float] = (0.0, 0.0)  # p1, p2 as of `Perspective`
    prism_x: tuple[float, ...] = ()  # shift along x by r^2, r^4
    prism_y: tuple[float, ...] = ()
    radial_first: bool = False  # the other terms act on what the radial ones have moved

    def distort(self, xy: np.ndarray) -> np.ndarray:
        radius = np.sqrt(_square(xy))
        angle = np.arctan(radius)
        even = xy * np.divide(angle, radius, out=np.ones_like(radius), where=radius > 0)
        moved = even * _series(self.radial, angle * angle)
        base = moved if self.radial_first else even
        square = _square(base)
        prism = [_series(terms, square) - 1 for terms in (self.prism_x, self.prism_y)]
        return moved + _tangential_shift(self.tangential, base) + np.concatenate(prism, axis=-1)


@dataclass(frozen=True)
class FieldOfView:
    """One parameter for wide lenses (Devernay and Faugeras 2001)."""

    omega: float  # radians, not 0

    def distort(self, xy: np.ndarray) -> np.ndarray:
        radius = np.sqrt(_square(xy))
        steep = 2 * np.tan(self.omega / 2)
        seen = np.arctan(steep * radius) / self.omega
        middle = np.full_like(radius, steep / self.omega)
        return xy * np.divide(seen, radius, out=middle, where=radius > 0)


@dataclass(frozen=True)
class Division:
    """The lens that is undone by dividing by 1 + k r^2 (Fitzgibbon 2001)."""

    k: float

    def distort(self, xy: np.ndarray) -> np.ndarray:
        root = np.sqrt(np.maximum(1 - 4 * self.k * _square(xy), 0))  # beyond 0 nothing is seen
        return xy * 2 / (1 + root)


@dataclass(frozen=True)
class EnhancedUnified:
    """Projection by an ellipsoid (Khomutenko et al. 2016)."""

    alpha: float
    beta: float

    def distort(self, xy: np.ndarray) -> np.ndarray:
        distance = np.sqrt(self.beta * _square(xy) + 1)
        return xy / (self.alpha * distance + 1 - self.alpha)


@dataclass(frozen=True)
class Panorama:
    """All around in one picture, by longitude and latitude, and where a face of it looks."""

    right: float = 0.0  # degrees from its middle
    up: float = 0.0  # degrees from its horizon

    @property
    def rotation(self) -> np.ndarray:
        """From the frame of the face to that of the panorama, [3, 3]."""
        return Rotation.from_euler("YX", [self.right, self.up], degrees=True).as_matrix()

    @staticmethod
    def intrinsics(size: tuple[int, int]) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy in pixels that stand for a panorama until each face has its own."""
        width, height = size
        return width / 4, width / 4, width / 2, height / 2


def lens_of_colmap(model: str, extra: tuple[float, ...]) -> Lens | None:
    """The lens of a COLMAP camera; None where it does not distort.

    Args:
        model: its name, of a model whose pictures a pinhole can show.
        extra: its parameters less focal lengths and principal point.
    """
    if model == "THIN_PRISM_FISHEYE":
        k1, k2, p1, p2, k3, k4, sx1, sy1 = extra
        return Fisheye((k1, k2, k3, k4), (p1, p2), (sx1,), (sy1,))
    if model == "RAD_TAN_THIN_PRISM_FISHEYE":
        *radial, p2, p1, sx1, sx2, sy1, sy2 = extra
        return Fisheye(tuple(radial), (p1, p2), (sx1, sx2), (sy1, sy2), radial_first=True)
    if model.endswith("FISHEYE"):
        return Fisheye(extra)
    if not any(extra):
        return None
    if model == "EUCM":
        return EnhancedUnified(*extra)
    if model == "FOV":
        return FieldOfView(*extra)
    if model.endswith("DIVISION"):
        return Division(*extra)
    if not model.endswith("OPENCV"):
        return Perspective(extra)
    k1, k2, p1, p2, *higher = extra
    return Perspective((k1, k2, *higher), (p1, p2))


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
    across = (np.arange(image.shape[1]) + 0.5 - cx) / fx
    down = (np.arange(image.shape[0])[:, None] + 0.5 - cy) / fy
    shown = np.empty_like(image)
    for strip in _strips(shown):
        xy = np.stack(np.broadcast_arrays(across, down[strip]), axis=-1)
        shown[strip] = _sample(image, *np.moveaxis(lens.distort(xy) * (fx, fy) + (cx, cy), -1, 0))
    return shown


def cut_out(image: np.ndarray, face: Panorama, side: int) -> np.ndarray:
    """A face of the cube around a panorama, as a pinhole sees it: uint8 [side, side, 3].

    Args:
        image: uint8 [H, W, 3], of which left and right edge are neighbours.
        face: where it looks.
        side: pixels.
    """
    height, width = image.shape[:2]
    across = (np.arange(side) + 0.5) * 2 / side - 1
    closed = np.pad(image, ((0, 0), (1, 1), (0, 0)), mode="wrap")
    shown = np.empty((side, side, 3), np.uint8)
    for strip in _strips(shown):
        rays = np.stack(np.broadcast_arrays(across, across[strip, None], 1.0), axis=-1)
        x, y, z = np.moveaxis(rays @ face.rotation.T, -1, 0)
        columns = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * width
        rows = (np.arctan2(y, np.hypot(x, z)) / np.pi + 0.5) * height
        shown[strip] = _sample(closed, columns + 1, rows)
    return shown


def _strips(image: np.ndarray) -> Iterator[slice]:
    """Its rows, some at a time: working out where pixels are seen takes 160 bytes of each."""
    rows = max(STRIP // image.shape[1], 1)
    return (slice(first, first + rows) for first in range(0, len(image), rows))


def _sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The colours at places of an image, linear between pixel centres; beyond it its edges."""
    channels = [
        map_coordinates(image[..., k], [y - 0.5, x - 0.5], np.float32, order=1, mode="nearest")
        for k in range(image.shape[2])
    ]
    return (np.stack(channels, axis=-1) + 0.5).astype(np.uint8)


def _square(xy: np.ndarray) -> np.ndarray:
    """Squared distances from the axis, [..., 1]."""
    return (xy * xy).sum(axis=-1, keepdims=True)


def _tangential_shift(tangential: tuple[float, float], xy: np.ndarray) -> np.ndarray:
    p1, p2 = tangential
    return 2 * xy[..., :1] * xy[..., 1:] * [p1, p2] + (_square(xy) + 2 * xy * xy) * [p2, p1]


def _series(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """1 + c1 x + c2 x^2 + ..."""
    return np.polynomial.polynomial.polyval(x, (1.0, *coefficients))
