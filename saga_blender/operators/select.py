"""Select: a click on a thing selects the Gaussians of that thing."""

import bpy
from bpy.props import FloatProperty, FloatVectorProperty
from mathutils import Vector

from ..clicks import Prompt
from ..properties import operation_property
from ..translations import said
from ..viewport import ClickRay, ray_at
from .explained import Explained, why_no_splat
from .pointing import Pointing, why_not_point


class Select(Pointing, bpy.types.Operator):
    """Select the thing under the mouse, as large as the scale says"""

    bl_idname = "saga.select"
    bl_label = "Select Object (SAGA)"

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

    def invoke(self, context, event):
        if context.region is None or context.region.type != "WINDOW" or not context.region_data:
            self.report({"ERROR"}, "Click in a 3D viewport, with the tool of the same name")
            return {"CANCELLED"}
        ray = ray_at(context, event, context.object)
        self.ray_origin, self.ray_direction = ray.origin, ray.direction
        self.pixel_angle = ray.pixel_angle
        self.take_settings(context.workspace.saga)
        return self.execute(context)

    def execute(self, context):
        direction = Vector(self.ray_direction)
        if not direction.length:
            self.report({"ERROR"}, "A click needs a direction: set ray_origin and ray_direction")
            return {"CANCELLED"}
        ray = ClickRay(Vector(self.ray_origin), direction, self.pixel_angle)
        return self.select(context, Prompt((ray.in_scene(context.object),)))


class Point(Explained, bpy.types.Operator):
    """Select what is clicked, or what a box is dragged around or a stroke over"""

    bl_idname = "saga.point"
    bl_label = "Point at a Thing"
    bl_options = {"INTERNAL"}

    operation: operation_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_no_splat(context.object)

    def invoke(self, context, event):
        if obstacle := why_not_point(context):  # no button is there to be greyed out
            self.report({"WARNING"}, said(obstacle))
            return {"CANCELLED", "PASS_THROUGH"}  # the latter alone would not show the report
        self._start = Vector((event.mouse_region_x, event.mouse_region_y))
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type in {"ESC", "RIGHTMOUSE"}:
            return {"CANCELLED"}
        if event.type == "LEFTMOUSE" and event.value == "RELEASE":
            bpy.ops.saga.select("INVOKE_DEFAULT", operation=self.operation)
            return {"FINISHED"}
        way = Vector((event.mouse_region_x, event.mouse_region_y)) - self._start
        if way.length <= context.preferences.inputs.drag_threshold_mouse:
            return {"RUNNING_MODAL"}
        drags = {"BOX": bpy.ops.saga.box_around, "SCRIBBLE": bpy.ops.saga.scribble_over}
        drags[context.workspace.saga.drag](
            "INVOKE_DEFAULT",
            operation=self.operation,
            path=[{"name": "", "loc": self._start, "time": 0}],
        )
        return {"FINISHED"}
