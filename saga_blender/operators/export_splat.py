"""File > Export > Gaussian Splat (.ply): one or several splats to one file."""

from pathlib import Path, PurePath

import bpy
import numpy as np
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper, orientation_helper
from mathutils import Matrix

from ...backend.errors import BadInput, SagaError
from ...backend.gaussians.cloud import GaussianCloud
from ...backend.gaussians.concatenate import concatenate
from ...backend.gaussians.ply import write_ply
from ...backend.gaussians.transform import transform
from ..axes import SPLAT_AXES, file_to_blender
from ..gaussian_attributes import read_layout, to_cloud
from ..placement import raw_to_world
from ..scene_file import source_of
from ..splat_object import SOURCE, is_splat
from ..translations import said
from .explained import Explained
from .telling import tell


@orientation_helper(**SPLAT_AXES)
class ExportSplat(Explained, bpy.types.Operator, ExportHelper):
    """Write the selected splats to one file, where and how they stand in the scene"""

    bl_idname = "export_scene.saga_splat"
    bl_label = "Export Gaussian Splat"
    bl_options = {"REGISTER", "PRESET"}

    filename_ext = ".ply"
    filter_glob: StringProperty(default="*.ply", options={"HIDDEN"})

    @classmethod
    def obstacle(cls, context) -> str:
        return "" if selected_splats(context) else "Select one or more Gaussian splats first"

    def invoke(self, context, event):
        if not self.filepath:
            name = bpy.path.clean_name(selected_splats(context)[0].name)
            is_taken = name in {scene.stem for scene in _scenes()}
            self.filepath = f"{name} edited.ply" if is_taken else f"{name}.ply"
        return super().invoke(context, event)

    def execute(self, context):
        path = Path(self.filepath)
        from_blender = file_to_blender(self).inverted()
        try:
            _require_no_scene(path)
            cloud = concatenate(
                [placed_cloud(context, obj, from_blender) for obj in selected_splats(context)]
            )
            if not len(cloud):
                raise BadInput("There are no Gaussians in the selected objects.")
            write_ply(path, cloud)
        except SagaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        tell(self, said("{name}: {count:,} Gaussians", name=path.name, count=len(cloud)))
        return {"FINISHED"}


def _require_no_scene(path: Path) -> None:
    """Raises BadInput where splats of this file come from the path: the engine reads it."""
    for scene in map(Path, _scenes()):
        if path.exists() and scene.exists() and path.samefile(scene):
            raise BadInput(
                f"{path.name} is the scene itself, which the engine reads.", "Choose another name."
            )


def _scenes() -> set[PurePath]:
    """The files that splats were imported from."""
    return {source_of(data) for data in bpy.data.pointclouds if SOURCE in data}


def selected_splats(context) -> list[bpy.types.Object]:
    """The selected objects that hold Gaussians, by name."""
    return sorted(filter(is_splat, context.selected_objects), key=lambda obj: obj.name)


def placed_cloud(context, obj: bpy.types.Object, from_blender: Matrix) -> GaussianCloud:
    """An object's Gaussians, with its modifiers and its place in the scene, in the file's axes.

    Args:
        from_blender: rotation, 4x4, from Blender's axes to the file's.
    """
    evaluated = obj.evaluated_get(context.evaluated_depsgraph_get())
    cloud = to_cloud(evaluated.data, read_layout(obj.data))
    return transform(cloud, np.array(from_blender) @ raw_to_world(obj, evaluated.matrix_world))


def draw_menu(menu, _context):
    """Entry of the File > Export menu."""
    menu.layout.operator(ExportSplat.bl_idname, text="Gaussian Splat (.ply)")
