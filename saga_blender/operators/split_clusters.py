"""Split clusters: every thing that Decompose Scene found becomes an object."""

import bpy
import numpy as np

from .. import point_cloud
from ..splat_object import clusters
from .explained import Explained, why_not_edit
from .split import part_of


class SplitClusters(Explained, bpy.types.Operator):
    """Replace the splat by a collection of the things that Decompose Scene found, and the rest"""

    bl_idname = "saga.split_clusters"
    bl_label = "Split into Objects"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, context) -> str:
        obj = context.object
        if obstacle := why_not_edit(obj):
            return obstacle
        if clusters(obj.data).max(initial=-1) < 0:
            return "No objects are known: decompose the scene first"
        return ""

    def execute(self, context):
        collection = split_clusters(context.object)
        for part in collection.objects:
            part.select_set(True)
        context.view_layer.objects.active = collection.objects[0]
        self.report({"INFO"}, f"{collection.name}: {len(collection.objects)} objects")
        return {"FINISHED"}


def split_clusters(obj: bpy.types.Object) -> bpy.types.Collection:
    """Replace a splat by an object for each of its clusters, the largest first.

    They share its transform, materials, modifiers and custom properties, and lie
    in a new collection, which is returned, inside each collection of the splat.
    """
    labels = clusters(obj.data)
    collection = bpy.data.collections.new(f"{obj.name} objects")
    for label in np.unique(labels[labels >= 0]):
        collection.objects.link(part_of(obj, labels == label, f"Object {label + 1}"))
    if (labels < 0).any():
        collection.objects.link(part_of(obj, labels < 0, "Unassigned"))
    for holder in obj.users_collection:
        holder.children.link(collection)
    whole = obj.data
    bpy.data.objects.remove(obj)
    point_cloud.drop(whole)
    return collection
