"""An operator that goes on for as long as the mouse's button is held."""

import bpy
from bpy.props import CollectionProperty

from ..drawing import outline
from ..drawing.overlay import overlay


class Dragging:
    """Mixin: `begin(context)`, `moved(context)` at each new place of `path`, `finish(context)`.

    `shape()` is the line that is drawn meanwhile.
    """

    path: CollectionProperty(
        name="Path",
        description="Where the mouse went, in pixels of the viewport",
        type=bpy.types.OperatorMousePath,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context, event):
        self.begin(context)
        self._go_to(context, event)
        self._handle = bpy.types.SpaceView3D.draw_handler_add(
            self._draw, (context.region,), "WINDOW", "POST_PIXEL"
        )
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "MOUSEMOVE":
            self._go_to(context, event)
            context.region.tag_redraw()
        elif event.type in {"ESC", "RIGHTMOUSE"}:
            self.cancel(context)
            return {"CANCELLED"}
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            self._end_drawing()
            return self.finish(context)
        return {"RUNNING_MODAL"}

    def cancel(self, _context):
        """Forget it; Blender calls it too, when a file is opened meanwhile."""
        self._end_drawing()
        overlay.end_preview()

    def refuse(self) -> set[str]:
        """What `execute` has to return where nothing was drawn."""
        self.report({"ERROR"}, "Nothing was drawn: hold the button while the mouse moves")
        return {"CANCELLED"}

    def _go_to(self, context, event) -> None:
        self.path.add().loc = (event.mouse_region_x, event.mouse_region_y)
        self.moved(context)

    def _draw(self, region) -> None:
        if bpy.context.region == region:
            outline.draw(self.shape())

    def _end_drawing(self) -> None:
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
