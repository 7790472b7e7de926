"""Views of the viewport that a splat is trained on besides all others."""

import bpy
from bpy.props import FloatProperty, FloatVectorProperty, IntVectorProperty

from ...backend import protocol
from ..placement import scene_to_world
from ..splat_object import SOURCE
from ..viewport import viewpoint
from .engine_request import EngineRequest
from .explained import Explained
from .train import Train


class AddView(Explained, EngineRequest, bpy.types.Operator):
    """Train also on what the viewport shows now: what other views miss, or show from too far"""

    bl_idname = "saga.add_view"
    bl_label = "Add This View"
    bl_options = {"REGISTER"}

    position: FloatVectorProperty(
        name="From", description="Where the eye is, in the frame of the splat"
    )
    rotation: FloatVectorProperty(
        name="Rotation",
        description="From the frame of the splat to the camera's: x right, y down, z forward",
        size=4,
        default=(1, 0, 0, 0),
    )
    focal: FloatProperty(
        name="Focal Length", description="Of the camera, in pixels", default=800, min=1
    )
    size: IntVectorProperty(
        name="Size", description="Of the picture, in pixels", size=2, default=(800, 600), min=1
    )

    @classmethod
    def obstacle(cls, context) -> str:
        return Train.obstacle(context)

    def invoke(self, context, _event):
        region = next((r for r in context.area.regions if r.type == "WINDOW"), None)
        rv3d = getattr(context.space_data, "region_3d", None)
        if region is None or rv3d is None or not rv3d.is_perspective:
            self.report({"ERROR"}, "Show the splat in a 3D viewport, in perspective")
            return {"CANCELLED"}
        shown = viewpoint(region, rv3d, scene_to_world(context.object))
        self.position, self.rotation, self.focal = shown.position, shown.rotation, shown.focal
        self.size = region.width, region.height
        return self.execute(context)

    def execute(self, context):
        message = protocol.AddView(
            scene=context.object.data[SOURCE],
            position=tuple(self.position),
            quat=tuple(self.rotation),
            focal=self.focal,
            size=tuple(self.size),
        )
        return self.ask(message, _added)


class ForgetViews(Explained, EngineRequest, bpy.types.Operator):
    """Train no longer on the views that were added from the viewport"""

    bl_idname = "saga.forget_views"
    bl_label = "Forget Added Views"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, context) -> str:
        return Train.obstacle(context)

    def execute(self, context):
        return self.ask(protocol.ForgetViews(context.object.data[SOURCE]), _added)


def _added(reply: protocol.ViewAdded) -> str:
    if not reply.views:
        return "No view of the viewport is trained on."
    views = "One view" if reply.views == 1 else f"{reply.views} views"
    return f"{views} of the viewport will be trained on too."
