"""Point at a thing by dragging: a box around it, or a stroke over it."""

import bpy
import numpy as np

from ...backend.protocol import spread_along
from ..clicks import Clicks, Prompt, asked_by, preview
from ..drawing import outline
from ..previews import previews
from ..properties import automatic_property
from ..viewport import click_through
from .dragging import Dragging
from .eye import SeenFrom
from .pointing import Pointing

_LEAST = 2.0  # pixels along an edge of a box


class ByDragging(Dragging, SeenFrom, Pointing):
    """Mixin of an operator that turns a `path` into a prompt and colours what it takes."""

    def begin(self, context) -> None:
        self.take_settings(context.workspace.saga)
        self.look_as(context.region, context.region_data, context.object)

    def moved(self, context) -> None:
        if prompt := self.prompt():
            obj = context.object
            preview(obj, Clicks.on(obj, prompt, self.operation), asked_by(self))

    def finish(self, context):
        self.execute(context)
        return {"CANCELLED"}  # ends the dragging without an undo step: the answer makes one

    def cancel(self, context):
        previews.forget()
        super().cancel(context)

    def execute(self, context):
        prompt = self.prompt()
        if prompt is None:
            self.report({"ERROR"}, "Nothing was drawn: hold the button while the mouse moves")
            return {"CANCELLED"}
        return self.select(context, prompt)

    def places(self) -> list[tuple[float, float]]:
        """The path in the eye's picture, from its upper left corner."""
        return [(place.loc[0] + 0.5, self.size[1] - place.loc[1] - 0.5) for place in self.path]


class BoxAround(ByDragging, bpy.types.Operator):
    """Select the thing that fills the box, and find its scale. Box by Hand takes Gaussians alike"""

    bl_idname = "saga.box_around"
    bl_label = "Box around a Thing (SAGA)"

    automatic: automatic_property(default=True)

    def take_settings(self, settings) -> None:
        super().take_settings(settings)
        self.automatic = True

    def prompt(self) -> Prompt | None:
        if not self.path:
            return None
        corners = np.array(self.places())[[0, -1]].clip(0, self.size)
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        if right - left < _LEAST or bottom - top < _LEAST:
            return None
        return Prompt(box=(left, top, right, bottom), eye=self.eye)

    def shape(self) -> list[outline.Place]:
        return outline.box(tuple(self.path[0].loc), tuple(self.path[-1].loc))


class ScribbleOver(ByDragging, bpy.types.Operator):
    """Select the thing that is drawn over, of whatever parts the stroke runs over"""

    bl_idname = "saga.scribble_over"
    bl_label = "Scribble over a Thing (SAGA)"

    def prompt(self) -> Prompt | None:
        if not self.path:
            return None
        eye = self.eye
        return Prompt(tuple(click_through(eye, place) for place in spread_along(self.places())))

    def shape(self) -> list[outline.Place]:
        return [tuple(place.loc) for place in self.path]
