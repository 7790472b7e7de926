"""The views of a COLMAP model."""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..gaussians.quaternions import matrices_from_quats
from .build import build_camera, build_views
from .camera import Camera
from .colmap_files import broken, read_images, read_intrinsics
from .panorama import cut_panoramas


def find_colmap(folder: Path) -> Path | None:
    """The COLMAP model in `folder` or in the usual places below it: its images file, if any."""
    for model in (folder, folder / "sparse/0", folder / "sparse", folder / "colmap/sparse/0"):
        for suffix in (".bin", ".txt"):
            images_file = model / f"images{suffix}"
            if images_file.is_file() and images_file.with_stem("cameras").is_file():
                return images_file
    return None


def read_colmap(folder: Path, images_folder: Path | None = None) -> list[Camera]:
    """Read the views of a COLMAP model, sorted by name; of a panorama the six faces.

    Args:
        folder: holds cameras and images as .bin or .txt (binary is preferred),
            itself or in sparse/0, sparse or colmap/sparse/0.
        images_folder: where the photographs are; None leaves `image_path` None.

    Raises:
        BadInput: no model there, a file broken, or a lens of an unknown kind.
    """
    images_file = find_colmap(folder)
    if images_file is None:
        raise BadInput(
            f"There is no COLMAP model in {folder}.",
            "It should hold cameras.bin and images.bin, or cameras.txt and images.txt.",
        )
    intrinsics = read_intrinsics(images_file.with_stem("cameras"))
    cameras = []
    for image in read_images(images_file):
        if image.camera_id not in intrinsics:
            raise broken(images_file, f"view {image.name} has no camera {image.camera_id}")
        if not any(image.quat):
            raise broken(images_file, f"view {image.name} has no rotation")
        size, pinhole, lens = intrinsics[image.camera_id]
        rotation = matrices_from_quats(np.array([image.quat]))[0]
        translation = np.array(image.translation)
        cameras.append(
            build_camera(images_file, image.name, size, pinhole, rotation, translation, lens)
        )
    return cut_panoramas(build_views(images_file, cameras, images_folder))
