"""By hand: a box or a brush takes what is under it, with no engine asked."""

import bpy
import numpy as np
from bpy.props import CollectionProperty

from .. import point_cloud
from ..drawing import outline
from ..drawing.overlay import overlay
from ..on_screen import OnScreen
from ..properties import operation_property, radius_property, through_property
from ..splat_object import BASE, SCALE, change_selection
from .explained import Explained, why_not_edit
from .selecting import tell_count


class ByHand(Explained):
    """Mixin of an operator that goes on for as long as the mouse's button is held."""

    bl_options = {"REGISTER", "UNDO"}

    operation: operation_property()
    through: through_property()
    path: CollectionProperty(
        name="Path",
        description="Where the mouse went, in pixels of the viewport",
        type=bpy.types.OperatorMousePath,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    @classmethod
    def obstacle(cls, context) -> str:
        if obstacle := why_not_edit(context.object):
            return obstacle
        return "" if context.region_data else "Do it in a 3D viewport, with the tool"

    def invoke(self, context, event):
        self.through = context.workspace.saga.through
        self.take_settings(context.workspace.saga)
        self._begin(context)
        self._add(event)
        self._handle = bpy.types.SpaceView3D.draw_handler_add(
            self._draw, (context.region,), "WINDOW", "POST_PIXEL"
        )
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "MOUSEMOVE":
            self._add(event)
            context.region.tag_redraw()
        elif event.type in {"ESC", "RIGHTMOUSE"}:
            self.cancel(context)
            return {"CANCELLED"}
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            self.cancel(context)
            return self._finish(context)
        return {"RUNNING_MODAL"}

    def cancel(self, _context):
        """Stop drawing; Blender calls it too, when a file is opened meanwhile."""
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        overlay.end_preview()

    def execute(self, context):
        self._begin(context)
        for earlier, later in zip([self.path[0], *self.path], self.path, strict=False):
            self.cover(earlier.loc, later.loc)
        return self._finish(context)

    def _begin(self, context) -> None:
        obj, view = context.object, context.region_data
        self._obj = obj
        self._screen = OnScreen.project(
            point_cloud.read(obj.data.attributes["position"]),
            np.array(view.view_matrix @ obj.matrix_world),
            np.array(view.window_matrix),
            (context.region.width, context.region.height),
        )
        self.covered = np.zeros(len(obj.data.points), bool)

    def _add(self, event) -> None:
        place = self.path.add()
        place.loc = (event.mouse_region_x, event.mouse_region_y)
        self.cover(self.path[max(0, len(self.path) - 2)].loc, place.loc)

    def _finish(self, context):
        data, found = self._obj.data, self.covered
        if not self.through:
            scale = point_cloud.read(data.attributes[SCALE]).max(axis=1)
            size = scale * self._obj.matrix_world.median_scale
            opacity = point_cloud.read(data.attributes[BASE])[:, 3]
            found = self._screen.in_front(found, size, opacity)
        change_selection(data, found, self.operation)
        tell_count(self, data)
        return {"FINISHED"}

    def _draw(self, region) -> None:
        if bpy.context.region == region:
            outline.draw(self.shape())


class SelectBox(ByHand, bpy.types.Operator):
    """Select the Gaussians in a rectangle"""

    bl_idname = "saga.select_box"
    bl_label = "Box (SAGA)"

    def take_settings(self, _settings) -> None:
        """A box needs none."""

    def cover(self, _earlier, later) -> None:
        self.covered = self._screen.in_box(self.path[0].loc, later)

    def shape(self) -> list[outline.Place]:
        return outline.box(tuple(self.path[0].loc), tuple(self.path[-1].loc))


class SelectBrush(ByHand, bpy.types.Operator):
    """Paint over the Gaussians that are to be selected"""

    bl_idname = "saga.select_brush"
    bl_label = "Brush (SAGA)"

    radius: radius_property()

    def take_settings(self, settings) -> None:
        self.radius = settings.radius

    def cover(self, earlier, later) -> None:
        self.covered |= self._screen.along(earlier, later, self.radius)
        overlay.show_preview(self._obj, self.covered)

    def shape(self) -> list[outline.Place]:
        return outline.circle(tuple(self.path[-1].loc), self.radius)
