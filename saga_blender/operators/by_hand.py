"""By hand: a box or a brush takes what is under it, with no engine asked."""

import bpy
import numpy as np

from .. import point_cloud
from ..drawing import outline
from ..drawing.overlay import overlay
from ..on_screen import OnScreen
from ..properties import operation_property, radius_property, through_property
from ..splat_object import BASE, SCALE, change_selection, hidden
from .dragging import Dragging
from .explained import Explained, why_no_view, why_not_edit
from .selecting import tell_count


class ByHand(Dragging, Explained):
    """Mixin of an operator that takes what the mouse has covered."""

    bl_options = {"REGISTER", "UNDO"}

    operation: operation_property()
    through: through_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_edit(context.object) or why_no_view(context)

    def begin(self, context) -> None:
        self.through = context.workspace.saga.through
        self.take_settings(context.workspace.saga)
        self._look(context)

    def moved(self, _context) -> None:
        self.cover(self.path[max(0, len(self.path) - 2)].loc, self.path[-1].loc)

    def execute(self, context):
        if not self.path:
            return self.refuse()
        self._look(context)
        for earlier, later in zip([self.path[0], *self.path], self.path, strict=False):
            self.cover(earlier.loc, later.loc)
        return self.finish(context)

    def _look(self, context) -> None:
        obj, view = context.object, context.region_data
        self._obj = obj
        means = point_cloud.read(obj.data.attributes["position"])
        means[hidden(obj.data)] = np.nan  # nowhere on the screen
        self._screen = OnScreen.project(
            means,
            np.array(view.view_matrix @ obj.matrix_world),
            np.array(view.window_matrix),
            (context.region.width, context.region.height),
        )
        self.covered = np.zeros(len(obj.data.points), bool)

    def finish(self, _context):
        overlay.end_preview()
        data, found = self._obj.data, self.covered
        if not self.through:
            scale = point_cloud.read(data.attributes[SCALE]).max(axis=1)
            size = scale * self._obj.matrix_world.median_scale
            opacity = point_cloud.read(data.attributes[BASE])[:, 3]
            found = self._screen.in_front(found, size, opacity)
        change_selection(data, found, self.operation)
        tell_count(self, data)
        return {"FINISHED"}


class SelectBox(ByHand, bpy.types.Operator):
    """Select all Gaussians in a rectangle, whatever they belong to; needs no training"""

    bl_idname = "saga.select_box"
    bl_label = "Box by Hand (SAGA)"

    def take_settings(self, _settings) -> None:
        """A box needs none."""

    def cover(self, _earlier, later) -> None:
        self.covered = self._screen.in_box(self.path[0].loc, later)

    def shape(self) -> list[outline.Place]:
        return outline.box(tuple(self.path[0].loc), tuple(self.path[-1].loc))


class SelectBrush(ByHand, bpy.types.Operator):
    """Select just the Gaussians that are painted over; needs no training"""

    bl_idname = "saga.select_brush"
    bl_label = "Brush by Hand (SAGA)"

    radius: radius_property()

    def take_settings(self, settings) -> None:
        self.radius = settings.radius

    def cover(self, earlier, later) -> None:
        # A new array: the overlay still holds the former one, to see what has changed.
        self.covered = self.covered | self._screen.along(earlier, later, self.radius)
        overlay.show_preview(self._obj, self.covered)

    def shape(self) -> list[outline.Place]:
        return outline.circle(tuple(self.path[-1].loc), self.radius)
