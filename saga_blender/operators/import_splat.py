"""File > Import > Gaussian Splat (.ply), also by dropping a file on the viewport."""

from pathlib import Path

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper, orientation_helper

from ...backend.errors import SagaError
from ...backend.gaussians.ply import read_ply
from ..axes import SPLAT_AXES, file_to_blender
from ..gaussian_attributes import to_point_cloud
from ..translations import said
from .selecting import select_only


@orientation_helper(**SPLAT_AXES)
class ImportSplat(bpy.types.Operator, ImportHelper):
    """Load trained Gaussian splats; each file becomes one object"""

    bl_idname = "import_scene.saga_splat"
    bl_label = "Import Gaussian Splat"
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filename_ext = ".ply"
    filter_glob: StringProperty(default="*.ply", options={"HIDDEN"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, event):
        return self.invoke_popup(context)  # a dropped file is asked about; else the file browser

    def execute(self, context):
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        paths = [Path(self.directory, file.name) for file in self.files if file.name]
        objects = []
        for path in paths or [Path(self.filepath)]:
            try:
                objects.append(self._import(context, path))
            except SagaError as error:
                self.report({"ERROR"}, f"{path.name}: {error}")
        if not objects:
            return {"CANCELLED"}
        select_only(context, objects, objects[-1])
        return {"FINISHED"}

    def _import(self, context, path: Path) -> bpy.types.Object:
        """Make an object of one file; raises before there is anything to clean up."""
        splat = read_ply(path)
        data = to_point_cloud(splat.cloud, path.stem, str(path.absolute()))
        obj = bpy.data.objects.new(path.stem, data)
        obj.matrix_world = file_to_blender(self)
        if "type" not in data.bl_rna.properties:  # Blender's grey dots would hide our splats
            obj.display_type = "BOUNDS"
        _home(context).objects.link(obj)
        sentence = "{name}: {count:,} Gaussians"
        if splat.dropped:
            sentence = "{name}: {count:,} Gaussians, {dropped:,} left out: they are not finite"
        told = said(sentence, name=path.name, count=len(splat.cloud), dropped=splat.dropped)
        self.report({"INFO"}, told)
        return obj


def _home(context) -> bpy.types.Collection:
    """The active collection, or the scene's own where that one is of another file."""
    active = context.collection
    ours = active.is_editable and active.override_library is None
    return active if ours else context.scene.collection


class SplatFileHandler(bpy.types.FileHandler):
    """Lets a .ply be dropped on a 3D viewport"""

    bl_idname = "VIEW3D_FH_saga_splat"
    bl_label = "Gaussian Splat"
    bl_import_operator = ImportSplat.bl_idname
    bl_file_extensions = ".ply"

    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"


def draw_menu(menu, _context):
    """Entry of the File > Import menu."""
    menu.layout.operator(ImportSplat.bl_idname, text="Gaussian Splat (.ply)")
