"""Camera poses from a transforms.json: nerfstudio, instant-ngp, NeRF's synthetic scenes."""

import math
import os
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from ..errors import BadInput
from .build import build_camera, build_views, require_few_views
from .camera import Camera
from .json_file import WRONG_VALUE, read_json
from .lens import Fisheye, Lens, Panorama, Perspective
from .panorama import cut_panoramas
from .photographs import IMAGE_SUFFIXES, image_size, without_image_suffix
from .training_frame import homogeneous, to_training_frame

FROM_OPENGL = np.array([1.0, -1.0, -1.0])  # y up and z backwards become y down and z forward
# To COLMAP's poses, by nerfstudio before it wrote down what it applies; it still assumes it.
ONCE_APPLIED = np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, -1, 0]])
# Each is a lens of instant-ngp's that is not read here, whatever stands behind the key.
OTHER_LENSES = ("ftheta_p0", "latlong", "equirectangular", "orthographic")


def read_transforms_json(
    path: Path, images_folder: Path | None = None, saved_frame: Path | None = None
) -> list[Camera]:
    """Read the views of a transforms.json, sorted by name; of a panorama the six faces.

    Args:
        path: the file.
        images_folder: where photographs are that are not where the file says.
        saved_frame: dataparser_transforms.json of the nerfstudio that trained the
            splat: the poses are brought to the frame that it trained in.

    Raises:
        BadInput: the file is missing, broken or another program's JSON, or a
            lens is of an unknown kind.
    """
    content = read_json(path)
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise _foreign(path, "it has no list of frames")
    require_few_views(path, len(frames))
    names = _names([str(frame.get("file_path")) for frame in frames])
    cameras = [
        _camera(path, ChainMap(frame, content), name)
        for frame, name in zip(frames, names, strict=True)
    ]
    where_it_says = {camera.name: camera.image_path for camera in cameras}
    views = [
        replace(camera, image_path=where_it_says[camera.name] or camera.image_path)
        for camera in build_views(path, cameras, images_folder)
    ]
    if saved_frame:
        views = to_training_frame(views, saved_frame, *_applied(path, content))
    return cut_panoramas(views)


def _camera(path: Path, frame: Mapping, name: str) -> Camera:
    """One frame with the values that all share; its photograph, if it is where the file says."""
    try:
        file_path = str(frame["file_path"]).replace("\\", "/")
        size = _size(path, frame, file_path)
        lens = _lens(path, frame)
        all_around = isinstance(lens, Panorama)
        intrinsics = lens.intrinsics(size) if all_around else _intrinsics(frame, size)
        camera_to_world = homogeneous(frame["transform_matrix"])
    except WRONG_VALUE as e:
        raise _foreign(path, f"a frame in it is incomplete ({e})") from e
    rotation = (camera_to_world[:3, :3] * FROM_OPENGL).T
    translation = -rotation @ camera_to_world[:3, 3]
    camera = build_camera(path, name, size, intrinsics, rotation, translation, lens)
    return replace(camera, image_path=_file(path, file_path))


def _lens(path: Path, frame: Mapping) -> Lens | Panorama | None:
    """The lens; None where it does not distort.

    Raises:
        BadInput: it is of a kind that is not read here.
    """
    model = str(frame.get("camera_model", "OPENCV"))
    if frame.get("is_fisheye"):  # instant-ngp's
        model = "OPENCV_FISHEYE"
    model = next((key for key in OTHER_LENSES if key in frame), model)
    if model == "EQUIRECTANGULAR":
        return Panorama()
    if model not in ("PINHOLE", "SIMPLE_PINHOLE", "OPENCV", "OPENCV_FISHEYE"):
        raise BadInput(
            f"The cameras of {path} have lenses of a kind that is not read here ({model}).",
            "Undistort the photographs and export the poses again, or train on made-up views.",
        )
    k1, k2, k3, k4 = (float(frame.get(name, 0)) for name in ("k1", "k2", "k3", "k4"))
    if model == "OPENCV_FISHEYE":
        return Fisheye((k1, k2, k3, k4))
    tangential = float(frame.get("p1", 0)), float(frame.get("p2", 0))
    return Perspective((k1, k2, k3), tangential) if any((k1, k2, k3, *tangential)) else None


def _size(path: Path, frame: Mapping, file_path: str) -> tuple[int, int]:
    """Width and height, from the photograph where the file does not say."""
    if "w" in frame and "h" in frame:
        return int(frame["w"]), int(frame["h"])
    image = _file(path, file_path)
    if image is None:
        raise KeyError("w, h")
    return image_size(image)


def _intrinsics(frame: Mapping, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy in pixels, from focal lengths or from fields of view."""
    width, height = size
    if "fl_x" in frame:
        fx = float(frame["fl_x"])
    else:
        fx = width / 2 / math.tan(float(frame["camera_angle_x"]) / 2)
    if "fl_y" in frame:
        fy = float(frame["fl_y"])
    elif "camera_angle_y" in frame:
        fy = height / 2 / math.tan(float(frame["camera_angle_y"]) / 2)
    else:
        fy = fx
    return fx, fy, float(frame.get("cx", width / 2)), float(frame.get("cy", height / 2))


def _applied(path: Path, content: dict) -> tuple[np.ndarray, float]:
    """What undoes the transform that nerfstudio wrote the poses after, [4, 4], and its scale."""
    unsaid = ONCE_APPLIED if (path.parent / "colmap/sparse/0").exists() else np.eye(4)
    try:
        applied = homogeneous(content.get("applied_transform", unsaid))
        return np.linalg.inv(applied), float(content.get("applied_scale", 1))
    except WRONG_VALUE as e:
        raise _foreign(path, f"its applied_transform or applied_scale is broken ({e})") from e


def _names(file_paths: list[str]) -> list[str]:
    """The images' names, relative to the folder of images where that leaves them distinct."""
    paths = [PurePosixPath(path.replace("\\", "/")).parts for path in file_paths]
    paths = [[part for part in parts if part not in ("/", ".", "..")] for parts in paths]
    cut = [
        parts[parts.index("images") + 1 :] if "images" in parts[:-1] else parts for parts in paths
    ]
    whole, short = (["/".join(parts) for parts in some] for some in (paths, cut))
    return short if len(set(map(without_image_suffix, short))) == len(short) else whole


def _file(path: Path, file_path: str) -> Path | None:
    """The photograph where the file says it is; NeRF's synthetic scenes leave the .png out.

    Never on another computer: Windows would give that one the person's password, hashed.
    """
    if file_path.startswith("//"):
        return None
    given = path.parent / file_path
    for image in (given, given.with_name(f"{given.name}.png")):
        # Path's own question raises where a name is too long.
        if image.suffix.lower() in IMAGE_SUFFIXES and os.path.isfile(image):
            return image
    return None


def _foreign(path: Path, why: str) -> BadInput:
    return BadInput(
        f"{path} is not a file of nerfstudio or instant-ngp: {why}.",
        "Give such a file, the trainer's cameras.json, or a COLMAP model's folder.",
    )
