"""The scene file of a splat, and whether it was trained: looked up without the engine."""

from pathlib import Path, PurePath, PureWindowsPath

import bpy

from ..backend.workspace import Workspace
from .splat_object import SOURCE, is_splat
from .translations import said


def why_not_imported(obj: bpy.types.Object | None) -> str:
    """What keeps an object from being one whose scene file is known, or ""."""
    known = is_splat(obj) and SOURCE in obj.data
    return "" if known else "Make an imported Gaussian splat the active object first"


def source_of(pointcloud: bpy.types.PointCloud) -> PurePath:
    """The path of a splat's scene file, in parts: perhaps one of Windows, though this is none."""
    source = pointcloud[SOURCE]
    return PureWindowsPath(source) if "\\" in source else PurePath(source)


def why_no_scene(pointcloud: bpy.types.PointCloud) -> str:
    """What keeps the engine from opening the scene of a splat, or ""."""
    if not Path(pointcloud[SOURCE]).is_file():
        scene = source_of(pointcloud)
        sentence = "{name} is not in {folder} any more: put it back, or find it (Scene)"
        return said(sentence, name=scene.name, folder=scene.parent)
    return ""


def why_not_trained(pointcloud: bpy.types.PointCloud) -> str:
    """What keeps the trained features of a splat from being asked, or ""."""
    if missing := why_no_scene(pointcloud):
        return missing
    trained = Workspace(Path(pointcloud[SOURCE])).field.is_file()
    return "" if trained else "Train SAGA first: nothing has been learned of this splat yet"
