"""Views of the viewport that a splat is trained on besides all others."""

import bpy

from ...backend import protocol
from ..placement import scene_to_world
from ..splat_object import SOURCE
from ..translations import said
from ..viewport import eye_in
from .engine_request import EngineRequest
from .explained import Explained, why_flat
from .eye import SeenFrom
from .train import Train


class AddView(SeenFrom, Explained, EngineRequest, bpy.types.Operator):
    """Train also on what the viewport shows now: what other views miss, or show from too far"""

    bl_idname = "saga.add_view"
    bl_label = "Add This View"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, context) -> str:
        return Train.obstacle(context) or why_flat(context.object.matrix_world)

    def invoke(self, context, _event):
        is_viewport = context.area is not None and context.area.type == "VIEW_3D"
        regions = context.area.regions if is_viewport else ()
        seen = (r for r in regions if r.type == "WINDOW" and r.data.is_perspective)
        region = next(seen, None)  # of a quad view the one that is not a plan
        if region is None:
            self.report({"ERROR"}, "Show the splat in a 3D viewport, in perspective")
            return {"CANCELLED"}
        self.look_as(region, region.data, context.object)
        return self.execute(context)

    def execute(self, context):
        eye = eye_in(scene_to_world(context.object), self.eye)
        return self.ask(protocol.AddView(context.object.data[SOURCE], eye), _added)


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
    if reply.views == 1:
        return "One view of the viewport will be trained on too."
    return said("{count} views of the viewport will be trained on too.", count=reply.views)
