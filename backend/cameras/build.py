"""What every reader of poses does with what it has read: check it, sort it, add photographs."""

import os
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import numpy as np

from ..errors import BadInput
from .camera import Camera
from .lens import Lens, Panorama
from .photographs import attach_photographs, without_image_suffix

MAX_NAME = 230  # bytes; systems allow 255, and what is made for a view has a longer name
MOST_VIEWS = 20_000  # that one file lists: some 40 MB, in a second
MAX_SIDE = 65_536  # pixels; beyond it a file lies, and an image of that size would fill the memory


def require_few_views(source: Path, count: int) -> None:
    """Refuse what lists more than `MOST_VIEWS` views, before they are built.

    Raises:
        BadInput: it does.
    """
    if count > MOST_VIEWS:
        raise BadInput(
            f"{source} lists more than {MOST_VIEWS:,} views.",
            "Give those of a part of the scene, or train on made-up views.",
        )


def build_camera(
    source: Path,
    name: str,
    size: tuple[int, int],
    intrinsics: tuple[float, float, float, float],
    rotation: np.ndarray,
    translation: np.ndarray,
    lens: Lens | Panorama | None = None,
) -> Camera:
    """A camera from numbers out of a file that may be broken.

    Args:
        source: the file, for error messages.
        name: of the image, relative to the folder of images.
        size: width and height in pixels.
        intrinsics: fx, fy, cx, cy in pixels.
        rotation: [3, 3] world to camera (OpenCV axes).
        translation: [3] world to camera.
        lens: where it is no pinhole.

    Raises:
        BadInput: a size, focal length or pose that no camera has.
    """
    width, height = size
    fx, fy, cx, cy = intrinsics
    if not _names_a_file(name):
        raise _broken(source, f"a view has an impossible image name, {name!r:.80}")
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise _broken(source, f"view {name} claims to be {width} x {height} pixels")
    if not (np.isfinite([fx, fy, cx, cy]).all() and fx > 0 and fy > 0):
        raise _broken(source, f"view {name} has impossible intrinsics")
    if lens and not np.isfinite(np.hstack(astuple(lens))).all():
        raise _broken(source, f"view {name} has an impossible lens")
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = rotation
    world_to_camera[:3, 3] = translation
    if not (np.isfinite(world_to_camera).all() and is_rotation(rotation)):
        raise _broken(source, f"the pose of view {name} is not a rotation and a position")
    image_name = name.replace("\\", "/")
    return Camera(image_name, width, height, fx, fy, cx, cy, world_to_camera, lens=lens)


def build_views(source: Path, cameras: list[Camera], images_folder: Path | None) -> list[Camera]:
    """The cameras sorted by name, each with its photograph where one is found.

    Raises:
        BadInput: no cameras at all, or two of one name less its extension: the masks of
            both would be one file's.
    """
    if not cameras:
        raise BadInput(f"{source} lists no views.", "Check that the reconstruction succeeded.")
    names = Counter(without_image_suffix(camera.name) for camera in cameras)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise BadInput(
            f"{source} cannot be used: {count} views are named {name}, leaving out extensions.",
            "Give their photographs different names, and find or export the poses again.",
        )
    cameras = sorted(cameras, key=lambda camera: camera.name)
    return attach_photographs(cameras, images_folder) if images_folder else cameras


def is_rotation(matrix: np.ndarray) -> bool:
    """Whether a matrix [3, 3] rotates, but for rounding; it does not where it has NaN."""
    orthogonal = np.abs(matrix @ matrix.T - np.eye(3)).max() < 1e-3
    return bool(orthogonal and np.linalg.det(matrix) > 0)


def _names_a_file(name: str) -> bool:
    """Whether a file of this name, with folders before it, can be."""
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:  # half of a character, as JSON can hold
        return False
    return 0 < len(encoded) <= MAX_NAME and b"\0" not in encoded


def _broken(source: Path, what: str) -> BadInput:
    return BadInput(f"{source} cannot be used: {what}.", "Export the camera poses again.")
