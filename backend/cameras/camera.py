"""The pinhole camera every stage shares."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .lens import Lens, Panorama


@dataclass(frozen=True)
class Camera:
    """A pinhole view of the scene.

    OpenCV frame: x right, y down, z forward. Pixel (column, row) has its
    centre at (column + 0.5, row + 0.5). World is the frame of the .ply.
    """

    name: str  # relative path of the image with forward slashes, e.g. "left/0001.jpg"
    width: int  # pixels
    height: int  # pixels
    fx: float  # pixels
    fy: float
    cx: float
    cy: float
    world_to_camera: np.ndarray  # [4, 4] float64, rigid
    image_path: Path | None = None  # the photograph, where there is one
    lens: Lens | Panorama | None = None  # that took the photograph, where it is no pinhole

    @property
    def K(self) -> np.ndarray:
        """Intrinsics, [3, 3] float64."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    @property
    def position(self) -> np.ndarray:
        """Centre of projection in the world, [3] float64."""
        rotation, translation = self.world_to_camera[:3, :3], self.world_to_camera[:3, 3]
        return -rotation.T @ translation

    def resized(self, width: int, height: int) -> "Camera":
        """The same view on another pixel grid."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self, width=width, height=height,
            fx=self.fx * sx, fy=self.fy * sy, cx=self.cx * sx, cy=self.cy * sy,
        )  # fmt: skip

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 3] of the world in the camera's frame, [..., 3] float64."""
        return points @ self.world_to_camera[:3, :3].T + self.world_to_camera[:3, 3]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Where the pinhole shows points [..., 3] of the world, inside its picture or beside it.

        Returns:
            [..., 2] float64 (x, y), where pixel (column, row) has its centre at (column + 0.5,
            row + 0.5); NaN for what is not in front of the camera.
        """
        in_frame = self.to_frame(points)
        depth = np.where(in_frame[..., 2:] > 0, in_frame[..., 2:], np.nan)
        return in_frame[..., :2] / depth * [self.fx, self.fy] + [self.cx, self.cy]

    def unproject(self, pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """World points of pixels at a z-depth.

        Args:
            pixels: [P, 2] integer (column, row).
            depth: [P] distance along the camera's z axis, scene units.

        Returns:
            [P, 3] float64 in the world frame.
        """
        xy = (pixels + 0.5 - [self.cx, self.cy]) / [self.fx, self.fy]
        in_camera = np.column_stack([xy, np.ones(len(pixels))]) * np.asarray(depth, float)[:, None]
        return (in_camera - self.world_to_camera[:3, 3]) @ self.world_to_camera[:3, :3]


def look_at(place: np.ndarray, forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    """World to camera, [4, 4] float64, of one whose horizon is level.

    Args:
        place: [3] in the world frame, of the centre of projection.
        forward: [3] to where it looks, any length above zero.
        up: [3] unit; one that looks along it has no horizon and is rolled as it happens.
    """
    forward = forward / np.linalg.norm(forward)
    if abs(forward @ up) > 0.999:
        up = np.eye(3)[np.abs(forward).argmin()]
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = [right, np.cross(forward, right), forward]
    world_to_camera[:3, 3] = -world_to_camera[:3, :3] @ place
    return world_to_camera


def ray_camera(origin: np.ndarray, direction: np.ndarray, pixel_angle: float) -> Camera:
    """A camera of a single pixel that looks along a ray: how a viewport click enters the engine.

    Args:
        origin: [3] in the world frame.
        direction: [3] in the world frame, any length above zero.
        pixel_angle: width of the pixel in radians; sets how far the 0.3 px
            dilation of the projection reaches.
    """
    across = np.eye(3)[np.abs(direction).argmin()]
    focal = 1.0 / pixel_angle
    return Camera("ray", 1, 1, focal, focal, 0.5, 0.5, look_at(origin, direction, up=-across))
