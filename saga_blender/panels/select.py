"""Pointing at the thing that is wanted."""

import bpy
import numpy as np

from ..operators.named_selection import ForgetSelection, RecallSelection, StoreSelection
from ..operators.select import Select
from ..operators.select_by import SelectBy
from ..operators.selection import Selection
from ..select_tool import SelectTool
from ..splat_object import is_splat, named_selections, selection
from .parts import SubPanel, write


class SelectPanel(SubPanel, bpy.types.Panel):
    """Pointing at the thing that is wanted"""

    bl_idname = "VIEW3D_PT_saga_select"
    bl_label = "Select"

    def draw(self, context):
        layout = self.layout
        layout.operator(
            "wm.tool_set_by_id", text="Click to Select", icon="RESTRICT_SELECT_OFF"
        ).name = SelectTool.bl_idname
        if obstacle := Select.obstacle(context):
            write(layout, context, obstacle, icon="INFO")
        settings = context.workspace.saga
        layout.prop(settings, "automatic")
        row = layout.row()
        row.enabled = not settings.automatic
        row.prop(settings, "scale", slider=True)
        layout.prop(settings, "threshold", slider=True)
        layout.prop(settings, "connected")
        if is_splat(context.object):
            count = np.count_nonzero(selection(context.object.data))
            layout.label(text=f"{count:,} Gaussians selected")
        layout.operator_menu_enum(Selection.bl_idname, "mode")
        layout.operator_menu_enum(SelectBy.bl_idname, "mode")
        if is_splat(context.object):
            _draw_named(layout, context)


def _draw_named(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The selections that are kept, and a way to keep this one."""
    column = layout.column(align=True)
    for name in named_selections(context.object.data):
        row = column.row(align=True)
        row.operator(RecallSelection.bl_idname, text=name).name = name
        row.operator(ForgetSelection.bl_idname, text="", icon="X").name = name
    column.operator(StoreSelection.bl_idname, icon="ADD")
