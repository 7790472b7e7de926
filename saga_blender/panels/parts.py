"""What the sub-panels are put together from."""

import textwrap

import bpy

from ..translations import said

_CHARACTER = 6.5  # pixels of a letter of Blender's font at its own size, on average
_MARGIN = 45  # pixels of the sidebar that text does not get


class SubPanel:
    """Mixin of a panel inside the SAGA panel; they stand in the order of `CLASSES`."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "SAGA"
    bl_parent_id = "VIEW3D_PT_saga"


def button(
    layout: bpy.types.UILayout, context: bpy.types.Context, operator: type, **look
) -> bpy.types.OperatorProperties:
    """The button of an operator; where it is greyed out, the reason stands below it.

    Args:
        operator: an `Explained` one.
        look: text and icon, as for `layout.operator`.
    """
    properties = layout.operator(operator.bl_idname, **look)
    if obstacle := operator.obstacle(context):
        write(layout, context, obstacle, icon="INFO")
    return properties


def write(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    text: str,
    icon: str = "NONE",
    least: int = 1,
) -> None:
    """Text over as many lines as the sidebar's width needs; Blender would cut it off.

    Args:
        least: lines at least, where what is below must not move when the text becomes another.
    """
    scale = context.preferences.system.ui_scale or 1.0  # 0 without a window
    width = context.region.width / scale - _MARGIN
    column = layout.column(align=True)
    lines = textwrap.wrap(said(text), max(12, int(width / _CHARACTER)))
    for line in (*lines, *[""] * (least - len(lines))):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else icon  # the lines below stand under the first
