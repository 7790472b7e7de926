"""Train SAGA: learn what belongs together in a splat."""

import bpy

from ...backend import protocol
from ..engine.session import session
from ..preferences import preferences
from ..scene_file import why_no_scene, why_not_imported
from ..splat_object import SOURCE
from ..translations import said
from .engine_request import EngineRequest
from .explained import Explained


class Train(Explained, EngineRequest, bpy.types.Operator):
    """Learn from the views of the splat what belongs together in it, so that a click selects it"""

    bl_idname = "saga.train"
    bl_label = "Train SAGA"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, context) -> str:
        obj = context.object
        return why_not_imported(obj) or session.occupied or why_no_scene(obj.data)

    def execute(self, context):
        return self.ask(_request(context), _trained)


def _request(context: bpy.types.Context) -> protocol.Train:
    settings = context.scene.saga
    return protocol.Train(
        scene=context.object.data[SOURCE],
        views=bpy.path.abspath(settings.views),
        masks=bpy.path.abspath(settings.masks),
        sam_checkpoint=bpy.path.abspath(settings.sam_checkpoint),
        recipe=settings.recipe,
        steps=settings.steps,
        max_views=settings.max_views,
    )


def _trained(reply: protocol.Trained) -> str:
    sentence = "Trained in {seconds:.0f} s on {masks:,} masks of {views} views."
    return said(sentence, seconds=reply.seconds, masks=reply.masks, views=reply.views)


class TakeOffer(Explained, EngineRequest, bpy.types.Operator):
    """Set what the engine offers in place of what does not fit into the memory, and train"""

    bl_idname = "saga.take_offer"
    bl_label = "Train with Less Memory"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, context) -> str:
        return Train.obstacle(context) if offered() else "The engine offers nothing"

    def execute(self, context):
        offer = offered()
        if "device" in offer:
            preferences().device = offer["device"]
        if "max_views" in offer:
            context.scene.saga.max_views = offer["max_views"]
            bpy.ops.ed.undo_push(message=self.bl_label)  # training itself is no step to undo
        return self.ask(_request(context), _trained)


def offered() -> dict:
    """With what the training that failed last would go, nothing where that is not known."""
    return session.error.offer if session.error else {}


class Cancel(Explained, bpy.types.Operator):
    """Stop what the engine is doing"""

    bl_idname = "saga.cancel"
    bl_label = "Cancel"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, _context) -> str:
        return "" if session.job else "The engine is doing nothing"

    def execute(self, _context):
        session.cancel()
        return {"FINISHED"}
