"""Hover: colour what a click would take, while the mouse moves.

These operators answer single moves of the mouse: a modal one would keep Blender
from saving automatically for as long as the mouse is in the viewport.
"""

import bpy

from ..clicks import Clicks, Prompt, asked_by, clicking, preview
from ..drawing.overlay import overlay
from ..previews import previews
from ..viewport import ray_at
from .explained import Explained, why_no_view
from .pointing import why_not_point

TOOL = "saga.select_tool"


class Hover(Explained, bpy.types.Operator):
    """Colour what a click would take"""

    bl_idname = "saga.hover"
    bl_label = "Preview What a Click Takes"
    bl_options = {"INTERNAL"}

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_point(context) or why_no_view(context)

    def invoke(self, context, event):
        ask_what_is_under(context, event)
        return {"PASS_THROUGH"}


class HoverEnd(Explained, bpy.types.Operator):
    """Take the preview's colour away when the mouse leaves the viewport"""

    bl_idname = "saga.hover_end"
    bl_label = "End the Preview"
    bl_options = {"INTERNAL"}

    @classmethod
    def obstacle(cls, _context) -> str:
        return "" if overlay.preview else "Nothing is being previewed"

    def invoke(self, context, _event):
        in_viewport = context.region is not None and context.region.type == "WINDOW"
        tool = context.workspace.tools.from_space_view3d_mode("OBJECT")  # None: none was used yet
        ours = tool is not None and tool.idname == TOOL
        if not in_viewport or context.area.type != "VIEW_3D" or not ours:
            previews.forget()
            if not clicking.is_shown:
                overlay.end_preview()
        return {"PASS_THROUGH"}


def ask_what_is_under(context: bpy.types.Context, event: bpy.types.Event) -> None:
    """Colour what a click at the mouse would take, when the engine has said so."""
    obj = context.object
    clicks = Clicks.on(obj, Prompt((ray_at(context, event, obj).in_scene(obj),)), "SET")
    preview(obj, clicks, asked_by(context.workspace.saga))
