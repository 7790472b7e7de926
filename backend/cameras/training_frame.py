"""The frame that nerfstudio trains in, which is that of its splats."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import BadInput
from .build import is_rotation
from .camera import Camera
from .json_file import WRONG_VALUE, read_json

SAVED = "dataparser_transforms.json"
UNMOVED = np.eye(4)


def to_training_frame(
    cameras: Iterable[Camera],
    saved: Path,
    to_data: np.ndarray = UNMOVED,
    applied_scale: float = 1.0,
) -> list[Camera]:
    """Bring cameras to the frame that nerfstudio trained in.

    What it saves leads there from the world of the data before any of its programs
    changed it (its `nerfstudio_dataparser.py` and `colmap_dataparser.py`). The poses
    of a COLMAP model are in that world; those of a transforms.json may have left it.

    Args:
        cameras: with the poses of their file.
        saved: nerfstudio's dataparser_transforms.json.
        to_data: undoes the transform that the poses have been through, [4, 4].
        applied_scale: the scale that they have been through after it.

    Raises:
        BadInput: the file is missing or broken, or no rotation and scale lead there.
    """
    try:
        content = read_json(saved)
        transform = homogeneous(content["transform"]) @ to_data
        scale = float(content["scale"]) / applied_scale
    except (*WRONG_VALUE, ZeroDivisionError) as e:
        raise _broken(saved, f"it lacks a transform or a scale ({e})") from e
    moved = [_moved(camera, transform, scale) for camera in cameras]
    finite = all(np.isfinite(camera.world_to_camera).all() for camera in moved)
    if not (finite and is_rotation(transform[:3, :3]) and scale > 0):
        raise _broken(saved, "what it says is not a rotation, a shift and a scale")
    return moved


def homogeneous(rows: list) -> np.ndarray:
    """[3, 4] or [4, 4] nested lists as a [4, 4] matrix.

    Raises:
        ValueError, TypeError or OverflowError: they are something else.
    """
    matrix = np.array(rows, float)
    if matrix.shape not in ((3, 4), (4, 4)):
        raise ValueError(f"a matrix of shape {matrix.shape}")
    return np.vstack([matrix[:3], [0, 0, 0, 1]])


def _moved(camera: Camera, transform: np.ndarray, scale: float) -> Camera:
    """A camera in the world after a rigid transform [4, 4], and a scale after that."""
    turn, shift = transform[:3, :3], transform[:3, 3]
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = camera.world_to_camera[:3, :3] @ turn.T
    position = (turn @ camera.position + shift) * scale
    world_to_camera[:3, 3] = -world_to_camera[:3, :3] @ position
    return replace(camera, world_to_camera=world_to_camera)


def _broken(saved: Path, why: str) -> BadInput:
    return BadInput(
        f"{saved} cannot be used: {why}.",
        "Copy it again from nerfstudio's folder of that training, with the poses it trained on.",
    )
