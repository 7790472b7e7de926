"""Select: a click on a thing selects the Gaussians of that thing."""

import bpy
from bpy.props import FloatProperty, FloatVectorProperty
from mathutils import Vector

from ...backend import protocol
from ..clicks import Asked, Clicks, asked_by, clicking
from ..previews import previews
from ..properties import (
    automatic_property,
    connected_property,
    operation_property,
    scale_property,
    threshold_property,
)
from ..viewport import ClickRay, bounding_sphere, click_ray
from .engine_request import EngineRequest, asked_object, why_not_ask
from .explained import Explained


class Select(Explained, EngineRequest, bpy.types.Operator):
    """Select the thing under the mouse, as large as the scale says"""

    bl_idname = "saga.select"
    bl_label = "Select Object (SAGA)"
    bl_options = {"REGISTER", "UNDO"}

    ray_origin: FloatVectorProperty(
        name="From",
        description="Where the click looks from, in the world",
        subtype="TRANSLATION",
        options={"SKIP_SAVE"},
    )
    ray_direction: FloatVectorProperty(
        name="Towards",
        description="Which way the click looks, in the world",
        subtype="DIRECTION",
        options={"SKIP_SAVE"},
    )
    pixel_angle: FloatProperty(
        name="Pixel Angle",
        description="How wide a pixel is as seen from there",
        subtype="ANGLE",
        default=0.001,
        min=1e-6,
        max=0.1,
        options={"SKIP_SAVE"},
    )
    scale: scale_property()
    automatic: automatic_property()
    threshold: threshold_property()
    connected: connected_property()
    operation: operation_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_ask(context)

    def invoke(self, context, event):
        if context.region is None or context.region.type != "WINDOW" or not context.region_data:
            self.report({"ERROR"}, "Click in a 3D viewport, with the tool of the same name")
            return {"CANCELLED"}
        pixel = (event.mouse_region_x, event.mouse_region_y)
        ray = click_ray(
            context.region, context.region_data, pixel, *bounding_sphere(context.object)
        )
        self.ray_origin, self.ray_direction = ray.origin, ray.direction
        self.pixel_angle = ray.pixel_angle
        for name in ("scale", "automatic", "threshold", "connected"):
            setattr(self, name, getattr(context.workspace.saga, name))
        return self.execute(context)

    def execute(self, context):
        obj = context.object
        direction = Vector(self.ray_direction)
        if not direction.length:
            self.report({"ERROR"}, "A click needs a direction: set ray_origin and ray_direction")
            return {"CANCELLED"}
        clicking.let_go()
        previews.forget()
        ray = ClickRay(Vector(self.ray_origin), direction, self.pixel_angle)
        clicks, asked = Clicks.on(obj, ray.in_scene(obj), self.operation), asked_by(self)
        return self.ask(
            clicks.message(obj, asked), lambda reply: apply_selection(clicks, asked, reply)
        )


def apply_selection(clicks: Clicks, asked: Asked, reply: protocol.Selected) -> str:
    """Change the selection of the object that was clicked, if there still is one."""
    obj = asked_object(clicks.uid, reply.total)
    if obj is None:
        return "The clicked object is gone."
    answered = clicks.answered(obj, reply, asked)
    clicking.settle(obj, answered)
    return answered.notice
