"""Point at a thing by dragging: a box around it, or a stroke over it."""

import bpy
import numpy as np

from ...backend.protocol import spread_along
from ..clicks import Clicks, Prompt, asked_by, preview
from ..drawing import outline
from ..placement import scene_to_world
from ..previews import previews
from ..properties import automatic_property
from ..viewport import eye_in, place_of, ray_through
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
        obj = context.object
        if prompt := self.prompt(obj):
            preview(obj, Clicks.on(obj, prompt, self.operation), asked_by(self))

    def finish(self, context):
        self.execute(context)
        return {"CANCELLED"}  # ends the dragging without an undo step: the answer makes one

    def cancel(self, context):
        previews.forget()
        super().cancel(context)

    def execute(self, context):
        prompt = self.prompt(context.object)
        if prompt is None:
            return self.refuse()
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

    def prompt(self, obj: bpy.types.Object) -> Prompt | None:
        if not self.path:
            return None
        first, last = np.array(self.places())[[0, -1]].clip(0, self.size)
        if np.ptp((first, last), axis=0).min() < _LEAST:
            return None
        frame = scene_to_world(obj)
        eye = eye_in(frame, self.eye)
        corners = ((x, y) for x in (first[0], last[0]) for y in (first[1], last[1]))
        rays = (ray_through(self.eye, corner).seen_from(frame) for corner in corners)
        seen = np.array([place_of(eye, ray.direction) for ray in rays]).clip(0, self.size)
        return Prompt(box=(*seen.min(axis=0).tolist(), *seen.max(axis=0).tolist()), eye=eye)

    def shape(self) -> list[outline.Place]:
        return outline.box(tuple(self.path[0].loc), tuple(self.path[-1].loc))


class ScribbleOver(ByDragging, bpy.types.Operator):
    """Select the thing that is drawn over, of whatever parts the stroke runs over"""

    bl_idname = "saga.scribble_over"
    bl_label = "Scribble over a Thing (SAGA)"

    def prompt(self, obj: bpy.types.Object) -> Prompt | None:
        if not self.path:
            return None
        eye = self.eye
        rays = (ray_through(eye, place) for place in spread_along(self.places()))
        return Prompt(tuple(ray.in_scene(obj) for ray in rays))

    def shape(self) -> list[outline.Place]:
        return [tuple(place.loc) for place in self.path]
