"""The toolbar's tools: one points at things, by clicks and drags; a box and a brush go by hand.

Shift adds to what is selected, Ctrl takes away, both together keep what is in both.
"""

from pathlib import Path

import bpy

from .engine.session import session
from .operators.by_hand import SelectBox, SelectBrush
from .operators.hover import TOOL, Hover
from .operators.scale import NudgeScale, StepScale
from .operators.select import Point, Select
from .operators.selection import Selection
from .operators.split import Split
from .properties import SelectSettings
from .translations import said


def _key(operator: type, kind: str, modifiers: dict | None = None, **properties) -> tuple:
    """An entry of a tool's keymap."""
    event = {"type": kind, "value": "PRESS", **(modifiers or {})}
    return operator.bl_idname, event, {"properties": list(properties.items())}


def _mouse(operator: type, **operations: str) -> tuple:
    """What the left button does, by modifier; `plain` is without one."""
    held = {
        "plain": {},
        "shift": {"shift": True},
        "ctrl": {"ctrl": True},
        "both": {"shift": True, "ctrl": True},
    }
    return tuple(
        _key(operator, "LEFTMOUSE", held[modifier], operation=operation)
        for modifier, operation in operations.items()
    )


def _icon(name: str) -> str:
    """Blender looks for a name among its own icons, and for a path where it says; less the end."""
    return str(Path(__file__).with_name("icons") / name)


_SELECTED = (  # what all tools do with what is selected
    _key(Selection, "ESC", mode="NONE"),
    _key(Split, "RET"),
    _key(Split, "NUMPAD_ENTER"),
)


class _Tool:
    bl_space_type = "VIEW_3D"
    bl_context_mode = "OBJECT"


class SelectTool(_Tool, bpy.types.WorkSpaceTool):
    """Click a thing in a trained splat, or drag a box around it or a stroke over it"""

    bl_idname = TOOL
    bl_label = Select.bl_label
    bl_description = (
        "Click a thing in a trained Gaussian splat to select it, or drag a box around it\n"
        "(or a stroke over it, as Drag says).\n"
        "Shift adds, Ctrl takes away, both keep only what is in both.\n"
        "[ and ], or Alt and the wheel: smaller or larger things"
    )
    bl_icon = _icon("select")
    bl_keymap = (
        (Hover.bl_idname, {"type": "MOUSEMOVE", "value": "ANY"}, None),
        *_mouse(Point, plain="SET", shift="ADD", ctrl="SUBTRACT", both="INTERSECT"),
        _key(NudgeScale, "WHEELUPMOUSE", {"alt": True}, notches=1),
        _key(NudgeScale, "WHEELDOWNMOUSE", {"alt": True}, notches=-1),
        _key(StepScale, "RIGHT_BRACKET", step=1),
        _key(StepScale, "LEFT_BRACKET", step=-1),
        *_SELECTED,
    )

    def draw_settings(context, layout, _tool):
        settings = context.workspace.saga
        row = layout.row()
        row.prop(settings, "drag", expand=True)
        row = layout.row()
        row.enabled = not session.occupied  # nobody would hear what a slider says
        draw_precision(row, settings)
        if session.occupied:
            layout.label(text=said(session.occupied), icon="INFO")


def draw_precision(layout: bpy.types.UILayout, settings: SelectSettings) -> None:
    """How large the thing is, and how strictly it is meant; a slider that rests says why."""
    layout.prop(settings, "automatic")
    row = layout.row()
    row.enabled = not settings.automatic
    text = {"text": "Scale (automatic)"} if settings.automatic else {}
    row.prop(settings, "scale", slider=True, **text)
    layout.prop(settings, "threshold", slider=True)


class BoxTool(_Tool, bpy.types.WorkSpaceTool):
    """Drag a box over Gaussians to select all of them, whatever they belong to"""

    bl_idname = "saga.box_tool"
    bl_label = SelectBox.bl_label
    bl_description = (
        "Select all Gaussians in a rectangle, whatever they belong to.\n"
        "Shift adds, Ctrl takes away, both keep only what is in both"
    )
    bl_icon = _icon("box")
    bl_keymap = (
        *_mouse(SelectBox, plain="SET", shift="ADD", ctrl="SUBTRACT", both="INTERSECT"),
        *_SELECTED,
    )

    def draw_settings(context, layout, _tool):
        layout.prop(context.workspace.saga, "through")


class BrushTool(_Tool, bpy.types.WorkSpaceTool):
    """Paint over Gaussians to select just them"""

    bl_idname = "saga.brush_tool"
    bl_label = SelectBrush.bl_label
    bl_description = "Paint over the very Gaussians that are to be selected.\nCtrl takes away"
    bl_icon = _icon("brush")
    bl_keymap = (*_mouse(SelectBrush, plain="ADD", ctrl="SUBTRACT"), *_SELECTED)

    def draw_settings(context, layout, _tool):
        layout.prop(context.workspace.saga, "radius")
        layout.prop(context.workspace.saga, "through")


TOOLS = (SelectTool, BoxTool, BrushTool)
