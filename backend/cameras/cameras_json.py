"""Camera poses in the cameras.json that the 3D Gaussian Splatting trainer writes."""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from .build import build_camera, build_views, require_few_views
from .camera import Camera
from .json_file import WRONG_VALUE, read_json


def read_cameras_json(path: Path, images_folder: Path | None = None) -> list[Camera]:
    """Read the views of a cameras.json, sorted by name.

    The file gives the camera's centre in the world, its camera-to-world rotation and
    focal lengths; the principal point is the image's centre, but where ours says otherwise.

    Args:
        path: the file.
        images_folder: where the photographs are; None leaves `image_path` None.

    Raises:
        BadInput: the file is missing, broken, or another program's JSON.
    """
    entries = read_json(path)
    if not isinstance(entries, list):
        raise _foreign(path, "it is not a list of cameras")
    require_few_views(path, len(entries))
    return build_views(path, [_camera(path, entry) for entry in entries], images_folder)


def camera_entry(index: int, camera: Camera) -> dict:
    """A camera as cameras.json has it, and its principal point, which the trainer's have not."""
    return {
        "id": index,
        "img_name": camera.name,
        "width": camera.width,
        "height": camera.height,
        "position": camera.position.tolist(),
        "rotation": camera.world_to_camera[:3, :3].T.tolist(),
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
    }


def _camera(path: Path, entry: dict) -> Camera:
    try:
        name = str(entry["img_name"])
        size = int(entry["width"]), int(entry["height"])
        focal = float(entry["fx"]), float(entry["fy"])
        camera_to_world = np.array(entry["rotation"], float).reshape(3, 3)
        position = np.array(entry["position"], float).reshape(3)
        centre = float(entry.get("cx", size[0] / 2)), float(entry.get("cy", size[1] / 2))
    except WRONG_VALUE as e:
        raise _foreign(path, f"a camera in it is incomplete ({e})") from e
    rotation = camera_to_world.T
    return build_camera(path, name, size, (*focal, *centre), rotation, -rotation @ position)


def _foreign(path: Path, why: str) -> BadInput:
    return BadInput(
        f"{path} is not a cameras.json of the Gaussian Splatting trainer: {why}.",
        "Give that file, or a COLMAP model's folder.",
    )
