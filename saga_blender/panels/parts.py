"""What the sub-panels are put together from."""

from collections.abc import Iterator

import blf
import bpy

from ...backend.errors import SagaError
from ..translations import said

_FONT = 0  # of Blender's own, the one it writes with
_MARGIN = 90  # pixels of the sidebar that text does not get: tabs, borders, an icon


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


def error_box(
    layout: bpy.types.UILayout, context: bpy.types.Context, error: SagaError
) -> bpy.types.UILayout:
    """What went wrong and what to do about it, in a red box."""
    box = layout.box()
    box.alert = True
    write(box, context, error.message, icon="ERROR")
    write(box, context, error.advice, icon="BLANK1")
    return box


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
    blf.size(_FONT, context.preferences.ui_styles[0].widget.points * scale)
    column = layout.column(align=True)
    lines = list(_lines(said(text), context.region.width - _MARGIN * scale))
    for line in (*lines, *[""] * (least - len(lines))):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else icon  # the lines below stand under the first


def _lines(text: str, width: float) -> Iterator[str]:
    """Words in lines of some pixels; a word that is longer has one of its own."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and blf.dimensions(_FONT, longer)[0] > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line
