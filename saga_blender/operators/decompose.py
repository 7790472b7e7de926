"""Decompose scene: find all objects of a splat at once."""

import bpy
import numpy as np

from ...backend import protocol
from ..properties import WHOLE_OBJECTS, scale_property
from ..splat_object import SOURCE, per_point, remaining, set_clusters
from .engine_request import EngineRequest, asked_object, why_not_ask
from .explained import Explained


class Decompose(Explained, EngineRequest, bpy.types.Operator):
    """Find all things in a trained splat, numbered in the point attribute saga:cluster"""

    bl_idname = "saga.decompose"
    bl_label = "Decompose Scene"
    bl_options = {"REGISTER", "UNDO"}

    scale: scale_property(WHOLE_OBJECTS)

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_ask(context)

    def execute(self, context):
        obj = context.object
        message = protocol.Decompose(
            scene=obj.data[SOURCE], scales=(self.scale,), subset=remaining(obj.data)
        )
        uid = obj.session_uid  # the object may be renamed or deleted before the answer comes
        return self.ask(message, lambda reply: apply_clusters(uid, reply))


def apply_clusters(uid: int, reply: protocol.Decomposed) -> str:
    """Write the clusters into the object that was asked about, if there still is one."""
    labels = reply.labels[0]
    obj = asked_object(uid, len(labels))
    if obj is None:
        return "The decomposed object is gone."
    labels = per_point(obj.data, labels, -1)
    set_clusters(obj.data, labels)
    return f"{len(reply.names)} objects; {np.count_nonzero(labels < 0):,} Gaussians in none."
