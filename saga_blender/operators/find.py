"""Find by name: words to the things of a splat, and a click on one of these selects it."""

from dataclasses import replace

import bpy
import numpy as np
from bpy.props import IntProperty, StringProperty

from ...backend import protocol
from ..engine.job import Unchanged
from ..found import MOST, Hits, points_of, store_hits, stored_hits
from ..properties import floor_property
from ..splat_object import SOURCE, asked_object, change_selection, per_point, remaining
from ..translations import said
from .engine_request import EngineRequest, why_not_ask
from .explained import Explained, why_not_edit
from .selecting import CombinedByKeys, tell_count


class Find(Explained, EngineRequest, bpy.types.Operator):
    """Look for things by what they are called"""

    bl_idname = "saga.find"
    bl_label = "Find by Name"
    bl_options = {"REGISTER", "UNDO"}

    text: StringProperty(
        name="Words",
        description="What is looked for, in a few English words: the red mug",
        options={"SKIP_SAVE"},
    )
    floor: floor_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_ask(context)

    def execute(self, context):
        obj, settings = context.object, context.scene.saga
        message = protocol.Find(
            scene=obj.data[SOURCE],
            text=self.text,
            model=bpy.path.abspath(settings.text_model),
            views=bpy.path.abspath(settings.views),
            masks=bpy.path.abspath(settings.masks),
            most=MOST,
            floor=self.floor,
            subset=remaining(obj.data),
        )
        asked = Hits(self.text, self.floor, model=settings.text_model)
        uid = obj.session_uid  # of what may be gone by then
        return self.ask(message, lambda reply: apply_found(uid, asked, reply))


def apply_found(uid: int, asked: Hits, reply: protocol.Found) -> str:
    """Keep what was found with the object that was asked about, if there still is one.

    Args:
        uid: the object's session_uid.
        asked: the question, without scores.
        reply: the engine's answer to it.
    """
    obj = asked_object(uid, reply.total)
    if obj is None:
        return Unchanged("The object that was searched is gone.")
    masks = np.unpackbits(reply.masks, axis=1, count=reply.total).astype(bool)
    points = [per_point(obj.data, mask, False) for mask in masks]
    store_hits(obj.data, replace(asked, scores=tuple(reply.scores.tolist())), points)
    if not points:
        sentence = 'Nothing here is like "{text}": the best of {things} scores {best:.2f}.'
        return said(sentence, text=asked.text, things=reply.things, best=reply.best)
    return said('"{text}": {count} found.', text=asked.text, count=len(points))


class SelectFound(CombinedByKeys, Explained, bpy.types.Operator):
    """Select this thing. Shift adds it, Ctrl takes it away, both keep only what is in it"""

    bl_idname = "saga.select_found"
    bl_label = "Select What Was Found"
    bl_options = {"REGISTER", "UNDO"}

    hit: IntProperty(
        name="Hit", description="Which of the things found, the best is 0", min=0, max=MOST - 1
    )

    @classmethod
    def obstacle(cls, context) -> str:
        if obstacle := why_not_edit(context.object):
            return obstacle
        return "" if stored_hits(context.object.data) else "Nothing was looked for: find it first"

    def execute(self, context):
        data = context.object.data
        if self.hit >= len(stored_hits(data).scores):
            self.report(
                {"ERROR"}, said("There is no hit {hit}: choose one of the list", hit=self.hit + 1)
            )
            return {"CANCELLED"}
        change_selection(data, points_of(data, self.hit), self.operation)
        tell_count(self, data)
        return {"FINISHED"}
