"""The toolbar's "Select Object (SAGA)": every click asks for the thing under the mouse.

Shift adds it to what is selected, Ctrl takes it away, both together keep what is in both.
"""

import bpy

from .operators.select import Select


class SelectTool(bpy.types.WorkSpaceTool):
    """Click a thing in a trained splat to select it"""

    bl_space_type = "VIEW_3D"
    bl_context_mode = "OBJECT"
    bl_idname = "saga.select_tool"
    bl_label = Select.bl_label
    bl_description = "Click a thing in a trained Gaussian splat to select it"
    bl_icon = "ops.generic.select"
    bl_keymap = tuple(
        (
            Select.bl_idname,
            {"type": "LEFTMOUSE", "value": "PRESS", **modifier},
            {"properties": [("operation", operation)]},
        )
        for modifier, operation in (
            ({}, "SET"),
            ({"shift": True}, "ADD"),
            ({"ctrl": True}, "SUBTRACT"),
            ({"shift": True, "ctrl": True}, "INTERSECT"),
        )
    )

    def draw_settings(context, layout, _tool):
        layout.prop(context.scene.saga, "scale", slider=True)
        layout.prop(context.scene.saga, "threshold", slider=True)
