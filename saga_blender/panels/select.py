"""Pointing at the thing that is wanted."""

import bpy
import numpy as np

from ..engine.session import session
from ..operators.named_selection import ForgetSelection, RecallSelection, StoreSelection
from ..operators.select import Select
from ..operators.select_by import SelectBy
from ..operators.selection import Selection
from ..select_tool import BoxTool, BrushTool, SelectTool, draw_precision
from ..splat_object import is_splat, named_selections, selection, size_of
from ..translations import OURS, said
from .parts import SubPanel, write


class SelectPanel(SubPanel, bpy.types.Panel):
    """Pointing at the thing that is wanted"""

    bl_idname = "VIEW3D_PT_saga_select"
    bl_label = "Select"

    def draw(self, context):
        layout = self.layout
        _draw_tools(layout, context)
        if obstacle := Select.obstacle(context):
            write(layout, context, obstacle, icon="INFO")
        settings = context.workspace.saga
        column = layout.column()
        column.enabled = not session.occupied
        draw_precision(column, settings)
        column.prop(settings, "connected")
        if is_splat(context.object):
            _draw_selection(layout, context)
        layout.operator_menu_enum(Selection.bl_idname, "mode")
        layout.operator_menu_enum(SelectBy.bl_idname, "mode")
        if is_splat(context.object):
            _draw_named(layout, context)


def _draw_tools(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The tool that points at things with what dragging draws, and those that go by hand."""

    def button(row, tool, text, icon="NONE"):
        chosen = row.operator("wm.tool_set_by_id", text=text, text_ctxt=OURS, icon=icon)
        chosen.name = tool.bl_idname

    column = layout.column(align=True)
    button(column, SelectTool, "Click or Drag", "RESTRICT_SELECT_OFF")
    column.row(align=True).prop(context.workspace.saga, "drag", expand=True)
    row = layout.split(factor=0.3, align=True)
    row.label(text="By Hand")
    row = row.row(align=True)
    button(row, BoxTool, "Box")  # an icon would cut the text off in other languages
    button(row, BrushTool, "Brush")


def _draw_named(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The selections that are kept, and a way to keep this one."""
    column = layout.column(align=True)
    for name in named_selections(context.object.data):
        row = column.row(align=True)
        row.operator(RecallSelection.bl_idname, text=name).name = name
        row.operator(ForgetSelection.bl_idname, text="", icon="X").name = name
    column.operator(StoreSelection.bl_idname, icon="ADD")


def _draw_selection(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How many Gaussians are selected, what share that is, and how large the thing is."""
    obj, units = context.object, context.scene.unit_settings
    selected = selection(obj.data)
    count = np.count_nonzero(selected)
    share = count / max(1, len(selected))
    text = said("{count:,} Gaussians selected ({share:.1%})", count=count, share=share)
    layout.label(text=text)
    lengths = size_of(obj, selected) * units.scale_length if count else ()
    texts = (
        bpy.utils.units.to_string(units.system, "LENGTH", float(length), precision=3)
        if units.system != "NONE"
        else f"{length:.3g}"
        for length in lengths
    )
    layout.label(
        text=said("Size") + " " + (" x ".join(texts) or "-")
    )  # always there: nothing below moves
