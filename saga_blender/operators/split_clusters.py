"""Split clusters: every thing that Decompose Scene found becomes an object."""

import bpy

from ..placement import take_away
from ..splat_object import clusters, tree_of
from ..translations import said
from .explained import Explained, why_not_edit
from .selecting import select_only
from .split import part_of
from .telling import tell


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
        parts = collection.all_objects
        select_only(context, parts, parts[0])
        tell(self, said("{name}: {count} objects", name=collection.name, count=len(parts)))
        return {"FINISHED"}


def split_clusters(obj: bpy.types.Object) -> bpy.types.Collection:
    """Replace a splat by an object for each thing that was found in it.

    They share its materials, modifiers and custom properties, and lie in a new
    collection, which is returned, inside each collection of the splat; what has
    parts is a collection of those, and of what of it belongs to no part.
    """
    labels, tree = clusters(obj.data), tree_of(obj.data)
    collection = bpy.data.collections.new(f"{obj.name} objects")
    holders = {-1: collection}
    for k, _ in tree.depth_first():
        holder = holders[tree.parents[k]]
        if tree.children[k]:
            holders[k] = bpy.data.collections.new(tree.names[k])
            holder.children.link(holders[k])
            holder = holders[k]
        if (labels == k).any():
            part = part_of(obj, labels == k, tree.names[k])
            part.color = (*tree.colors[k], 1)
            for row in part.data.saga.found:  # else nothing of the object could be seen
                row.shown = True
            holder.objects.link(part)
    if (labels < 0).any():
        collection.objects.link(part_of(obj, labels < 0, "Unassigned"))
    for holder in obj.users_collection:
        holder.children.link(collection)
    take_away(obj)
    return collection
