"""The splat that is worked on."""

import bpy

from ..operators.import_splat import ImportSplat
from ..operators.relink import Relink
from ..scene_file import why_no_scene
from ..splat_object import SOURCE, TOTAL, is_splat
from ..translations import said
from .parts import SubPanel, write


class ScenePanel(SubPanel, bpy.types.Panel):
    """The splat that is worked on"""

    bl_idname = "VIEW3D_PT_saga_scene"
    bl_label = "Scene"

    def draw(self, context):
        layout = self.layout
        layout.operator(ImportSplat.bl_idname, icon="IMPORT")
        layout.prop(context.scene.saga, "show_splats")
        obj = context.object
        if not is_splat(obj):
            write(layout, context, "Import a Gaussian splat, or click one", icon="INFO")
            return
        count = said("{name}: {count:,} Gaussians", name=obj.name, count=len(obj.data.points))
        write(layout, context, count, icon="POINTCLOUD_DATA")
        if SOURCE not in obj.data:
            return
        if missing := why_no_scene(obj.data):
            write(layout, context, missing, icon="ERROR")
            layout.operator(Relink.bl_idname, icon="FILE_FOLDER")
        else:
            name = bpy.path.basename(obj.data[SOURCE])
            text = said("of {total:,} in {name}", total=obj.data[TOTAL], name=name)
            write(layout, context, text, icon="BLANK1")
