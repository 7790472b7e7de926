"""The toolbar's "Select Object (SAGA)": every click asks for the thing under the mouse.

Shift adds it to what is selected, Ctrl takes it away, both together keep what is in both.
"""

import bpy

from .operators.hover import TOOL, Hover
from .operators.scale import NudgeScale, StepScale
from .operators.select import Select
from .operators.selection import Selection
from .operators.split import Split


def _key(operator: type, kind: str, modifiers: dict | None = None, **properties) -> tuple:
    """An entry of a tool's keymap."""
    event = {"type": kind, "value": "PRESS", **(modifiers or {})}
    return operator.bl_idname, event, {"properties": list(properties.items())}


class SelectTool(bpy.types.WorkSpaceTool):
    """Click a thing in a trained splat to select it"""

    bl_space_type = "VIEW_3D"
    bl_context_mode = "OBJECT"
    bl_idname = TOOL
    bl_label = Select.bl_label
    bl_description = (
        "Click a thing in a trained Gaussian splat to select it.\n"
        "Shift adds, Ctrl takes away. [ and ], or Alt and the wheel: smaller or larger things"
    )
    bl_icon = "ops.generic.select"
    bl_keymap = (
        (Hover.bl_idname, {"type": "MOUSEMOVE", "value": "ANY"}, None),
        _key(Select, "LEFTMOUSE", operation="SET"),
        _key(Select, "LEFTMOUSE", {"shift": True}, operation="ADD"),
        _key(Select, "LEFTMOUSE", {"ctrl": True}, operation="SUBTRACT"),
        _key(Select, "LEFTMOUSE", {"shift": True, "ctrl": True}, operation="INTERSECT"),
        _key(NudgeScale, "WHEELUPMOUSE", {"alt": True}, notches=1),
        _key(NudgeScale, "WHEELDOWNMOUSE", {"alt": True}, notches=-1),
        _key(StepScale, "RIGHT_BRACKET", step=1),
        _key(StepScale, "LEFT_BRACKET", step=-1),
        _key(Selection, "ESC", mode="NONE"),
        _key(Split, "RET"),
        _key(Split, "NUMPAD_ENTER"),
    )

    def draw_settings(context, layout, _tool):
        settings = context.workspace.saga
        layout.prop(settings, "automatic")
        row = layout.row()
        row.enabled = not settings.automatic
        row.prop(settings, "scale", slider=True)
        layout.prop(settings, "threshold", slider=True)
