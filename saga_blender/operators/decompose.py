"""Decompose scene: find all objects of a splat at once."""

from collections.abc import Sequence

import bpy
import numpy as np

from ...backend import protocol
from ..cluster_tree import ClusterTree, innermost
from ..engine.job import Unchanged
from ..found_objects import set_found
from ..properties import PARTS, WHOLE_OBJECTS, levels_property, scale_property
from ..splat_object import SOURCE, asked_object, per_point, remaining
from ..translations import said
from .engine_request import EngineRequest, why_not_ask
from .explained import Explained


class Decompose(Explained, EngineRequest, bpy.types.Operator):
    """Find all things in a trained splat, and list them by size"""

    bl_idname = "saga.decompose"
    bl_label = "Decompose Scene"
    bl_options = {"REGISTER", "UNDO"}

    scale: scale_property(WHOLE_OBJECTS)
    part_scale: scale_property(PARTS)
    levels: levels_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_ask(context)

    def execute(self, context):
        obj = context.object
        scales = np.linspace(self.scale, self.part_scale, self.levels).tolist()
        message = named_clusters(context, scales, remaining(obj.data))
        uid = obj.session_uid  # the object may be renamed or deleted before the answer comes
        return self.ask(message, lambda reply: apply_clusters(uid, reply))


def named_clusters(
    context: bpy.types.Context, scales: Sequence[float], subset: np.ndarray | None
) -> protocol.Decompose:
    """What to ask about the active object: with words for names if a text model is chosen."""
    settings = context.scene.saga
    return protocol.Decompose(
        scene=context.object.data[SOURCE],
        scales=tuple(scales),
        name_with=bpy.path.abspath(settings.text_model) or None,
        views=bpy.path.abspath(settings.views),
        masks=bpy.path.abspath(settings.masks),
        subset=subset,
    )


def apply_clusters(uid: int, reply: protocol.Decomposed) -> str:
    """Write the clusters into the object that was asked about, if there still is one."""
    obj = asked_object(uid, reply.labels.shape[1])
    if obj is None:
        return Unchanged("The decomposed object is gone.")
    labels = per_point(obj.data, innermost(reply.labels, reply.parents), -1)
    set_found(obj.data, tree_from(reply), labels)
    objects = np.count_nonzero(reply.parents < 0)
    parts, none = len(reply.parents) - objects, np.count_nonzero(labels < 0)
    sentence = "{objects} objects; {none:,} Gaussians in none."
    if len(reply.scales) > 1:
        sentence = "{objects} objects with {parts} parts; {none:,} Gaussians in none."
    return said(sentence, objects=objects, parts=parts, none=none)


def tree_from(reply: protocol.Decomposed) -> ClusterTree:
    """What the engine found, all of it shown."""
    return ClusterTree(
        reply.names,
        tuple(map(tuple, (reply.colors / 255).tolist())),
        tuple(reply.parents.tolist()),
        (True,) * len(reply.names),
    )
