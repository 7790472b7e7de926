"""Whether the mouse's button is held down: nothing but an operator is told."""

import bpy


class Held(bpy.types.Operator):
    """Tell whether the left button of the mouse is held down, by passing the question through"""

    bl_idname = "saga.held"
    bl_label = "Is the Mouse Held"
    bl_options = {"INTERNAL"}

    def invoke(self, _context, event):
        held = event.type == "LEFTMOUSE" and event.value != "RELEASE"
        return {"PASS_THROUGH"} if held else {"CANCELLED"}


def mouse_is_held() -> bool:
    """Whether the left button is held down in some window: a slider may be being dragged."""
    return any(map(_held_in, bpy.context.window_manager.windows))


def _held_in(window: bpy.types.Window) -> bool:
    with bpy.context.temp_override(window=window):
        return bpy.ops.saga.held("INVOKE_DEFAULT") == {"PASS_THROUGH"}
