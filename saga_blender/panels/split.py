"""Taking the selected thing out."""

import bpy

from ..operators.apply_transform import ApplyTransform
from ..operators.export_splat import ExportSplat
from ..operators.join import Join
from ..operators.split import Split
from .parts import SubPanel, button


class SplitPanel(SubPanel, bpy.types.Panel):
    """Taking the selected thing out"""

    bl_idname = "VIEW3D_PT_saga_split"
    bl_label = "Split and Export"

    def draw(self, context):
        button(self.layout, context, Split, icon="MOD_EXPLODE")
        button(self.layout, context, Join, icon="OBJECT_DATA")
        button(self.layout, context, ApplyTransform, icon="ORIENTATION_GLOBAL")
        button(self.layout, context, ExportSplat, icon="EXPORT")
