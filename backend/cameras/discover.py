"""Finding the views that belong to a scene."""

from pathlib import Path

from ..errors import BadInput
from .camera import Camera
from .cameras_json import read_cameras_json
from .colmap import find_colmap, read_colmap
from .llff import read_poses_bounds
from .photographs import without_image_suffix
from .training_frame import SAVED, to_training_frame
from .transforms_json import read_transforms_json

READERS = {".json": read_cameras_json, ".npy": read_poses_bounds}
# In this order. Those of the 3DGS trainer are in the frame of its splat for certain.
POSE_FILES = ("cameras.json", "transforms.json", "transforms_train.json", "poses_bounds.npy")


def find_views(scene_ply: Path, views: str = "") -> list[Camera]:
    """Read the views of a scene, sorted by name, with their photographs where there are any.

    Args:
        scene_ply: the splat.
        views: a COLMAP model's folder, the folder above it, a cameras.json,
            transforms*.json or poses_bounds.npy; "" looks beside the splat, and
            at the top of a trainer's output folder when it lies in
            point_cloud/iteration_N.

    Raises:
        BadInput: nothing found, or what was found cannot be read.
    """
    if cameras := search_views(scene_ply, views):
        return cameras
    raise BadInput(
        f"No camera views were found in {views or scene_ply.resolve().parent}.",
        "Put the COLMAP folder (sparse/0), cameras.json, transforms.json or poses_bounds.npy "
        "beside the .ply, or say where they are.",
    )


def search_views(scene_ply: Path, views: str = "") -> list[Camera] | None:
    """Like `find_views`, but None where there are none.

    Raises:
        BadInput: what was found cannot be read.
    """
    for place in [Path(views)] if views else _places_of(scene_ply):
        if place.suffix.lower() in READERS:
            return _read(place, scene_ply)
        folder = place.parent if place.is_file() else place
        transforms = folder / "transforms.json"
        if transforms.is_file() and _beside(transforms, scene_ply, SAVED):
            return _read(transforms, scene_ply)
        if images_file := find_colmap(folder):
            cameras = read_colmap(folder, _beside(images_file, scene_ply, "images"))
            saved = _beside(images_file, scene_ply, SAVED)
            return to_training_frame(cameras, saved) if saved else cameras
        for name in POSE_FILES:
            if (folder / name).is_file():
                return _read(folder / name, scene_ply)
    return None


def _read(poses_file: Path, scene_ply: Path) -> list[Camera]:
    """The views of a single file of poses; of two kinds of JSON, transforms have the name."""
    suffix = poses_file.suffix.lower()
    images = _beside(poses_file, scene_ply, "images")
    if suffix == ".json" and poses_file.stem.startswith("transforms"):
        return read_transforms_json(poses_file, images, _beside(poses_file, scene_ply, SAVED))
    return READERS[suffix](poses_file, images)


def _places_of(scene_ply: Path) -> list[Path]:
    """Folders where a scene's views may be."""
    folder = scene_ply.resolve().parent
    is_iteration = folder.name.startswith("iteration_") and folder.parent.name == "point_cloud"
    return [folder, folder.parents[1]] if is_iteration else [folder]


def _beside(poses_file: Path, scene_ply: Path, name: str) -> Path | None:
    """What has a name beside the poses, above the model's own folders, or beside the splat."""
    folders = [poses_file.resolve().parent]
    while "sparse" in (folders[-1].name, folders[-1].parent.name) or folders[-1].name == "colmap":
        folders.append(folders[-1].parent)
    for folder in (*folders, scene_ply.resolve().parent):
        if (folder / name).exists():
            return folder / name
    return None


def view_named(cameras: list[Camera], name: str) -> Camera:
    """The view of an image's name, with or without its extension.

    Raises:
        BadInput: there is none.
    """
    for camera in cameras:
        if name in (camera.name, without_image_suffix(camera.name)):
            return camera
    some = ", ".join(camera.name for camera in cameras[:3])
    raise BadInput(
        f"There is no view {name!r}.", f"The scene has {len(cameras)} views: {some}, ..."
    )
