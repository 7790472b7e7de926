"""Camera poses from LLFF's poses_bounds.npy."""

from pathlib import Path

import numpy as np

from ..array_files import read_npy
from ..errors import BadInput
from .build import build_camera, build_views, require_few_views
from .camera import Camera
from .photographs import is_image

# A row is a 3 x 5 matrix (columns: the camera's axes down, right and backwards in
# the world, its centre, and height, width, focal length), then two depths.
ROW = 17
MOST_BYTES = 1 << 26  # half a million views


def read_poses_bounds(path: Path, images_folder: Path | None = None) -> list[Camera]:
    """Read the views of a poses_bounds.npy, sorted by name.

    Rows belong to the images in the order of their names; the principal point
    is the image's centre.

    Args:
        path: the file.
        images_folder: where the photographs are; without it views are named by
            their row and have no photographs.

    Raises:
        BadInput: the file is missing or broken, or the images are more or fewer.
    """
    try:
        rows = read_npy(path, MOST_BYTES).astype(np.float64).reshape(-1, ROW)
    except (OSError, ValueError, TypeError) as e:
        raise BadInput(
            f"{path} is not a poses_bounds.npy ({e}).", "Copy it again, or run LLFF's script again."
        ) from e
    require_few_views(path, len(rows))
    names = [f"{row:03}" for row in range(len(rows))]
    if images_folder:
        names = sorted(file.name for file in images_folder.iterdir() if is_image(file))
    if len(names) != len(rows):
        raise BadInput(
            f"{path} has {len(rows)} poses for {len(names)} images in {images_folder}.",
            "Keep exactly the images there that the poses were made for.",
        )
    cameras = [_camera(path, *pair) for pair in zip(names, rows, strict=True)]
    return build_views(path, cameras, images_folder)


def _camera(path: Path, name: str, row: np.ndarray) -> Camera:
    if not np.isfinite(row).all():
        raise BadInput(f"{path} holds values that are not finite.", "Run LLFF's script again.")
    down, right, back, position, (height, width, focal) = row[:15].reshape(3, 5).T
    rotation = np.stack([right, down, -back])
    intrinsics = focal, focal, width / 2, height / 2
    size = round(width), round(height)
    return build_camera(path, name, size, intrinsics, rotation, -rotation @ position)
