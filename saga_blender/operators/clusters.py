"""Working on what Decompose Scene found: select it, merge it, take it further apart."""

import bpy
import numpy as np
from bpy.props import IntProperty

from ...backend import protocol
from ..engine.job import Unchanged
from ..found_objects import set_found
from ..properties import PARTS, scale_property
from ..splat_object import (
    asked_object,
    change_selection,
    clusters,
    per_point,
    scene_index,
    selection,
    tree_of,
)
from ..translations import said
from .decompose import named_clusters, tree_from
from .engine_request import EngineRequest, why_not_ask
from .explained import Explained, why_not_edit
from .selecting import CombinedByKeys, tell_count
from .telling import tell


class SelectCluster(CombinedByKeys, Explained, bpy.types.Operator):
    """Select this object. Shift adds it, Ctrl takes it away, both keep only what is in it"""

    bl_idname = "saga.select_cluster"
    bl_label = "Select Found Object"
    bl_options = {"REGISTER", "UNDO"}

    row: IntProperty(name="Row", description="Which object of the list", min=0)

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_edit(context.object) or _why_nothing_found(context)

    def execute(self, context):
        data = context.object.data
        found = tree_of(data).members(self.row, clusters(data))
        change_selection(data, found, self.operation)
        data.saga.active = self.row
        tell_count(self, data)
        return {"FINISHED"}


class MergeClusters(Explained, bpy.types.Operator):
    """Make the selected Gaussians part of the active object of the list"""

    bl_idname = "saga.merge_clusters"
    bl_label = "Merge Selection"
    bl_description = (
        "Make the selected Gaussians part of the active object of the list.\n\n"
        "To merge two objects, select both (Shift click their arrows) and merge"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, context) -> str:
        if obstacle := why_not_edit(context.object) or _why_nothing_found(context):
            return obstacle
        return "" if selection(context.object.data).any() else "Select what is to be merged first"

    def execute(self, context):
        data = context.object.data
        row, tree, labels = data.saga.active, tree_of(data), clusters(data)
        selected, name = selection(data), tree.names[row]
        more = np.count_nonzero(selected & ~tree.members(row, labels))
        set_found(data, tree, np.where(selected, row, labels))
        tell(self, said("{name} has {more:,} Gaussians more", name=name, more=more))
        return {"FINISHED"}


class SplitCluster(Explained, EngineRequest, bpy.types.Operator):
    """Find the parts of the active object of the list, at the part scale"""

    bl_idname = "saga.split_cluster"
    bl_label = "Split Further"
    bl_options = {"REGISTER", "UNDO"}

    scale: scale_property(PARTS)

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_ask(context) or _why_nothing_found(context)

    def execute(self, context):
        obj = context.object
        row, tree = obj.data.saga.active, tree_of(obj.data)
        index = scene_index(obj.data)[tree.members(row, clusters(obj.data))]
        subset = np.unique(index[index >= 0])
        message = named_clusters(context, (self.scale,), subset.astype(np.int32))
        uid = obj.session_uid  # the object may be renamed or deleted before the answer comes
        return self.ask(message, lambda reply: add_parts(uid, row, tree.names[row], reply))


def add_parts(uid: int, row: int, name: str, reply: protocol.Decomposed) -> str:
    """Put what was found in an object of the list under it, in place of the parts that it had."""
    obj = asked_object(uid, reply.labels.shape[1])
    if obj is None:
        return Unchanged("The object that was split is gone.")
    tree, labels = tree_of(obj.data), clusters(obj.data)
    if tree.names[row : row + 1] != (name,):
        return Unchanged("The list has changed since: split it again.")
    inside = tree.members(row, labels)
    found, parts = per_point(obj.data, reply.labels[0], -1), tree_from(reply)
    names = [f"{name}.{part.removeprefix('Object ')}" for part in parts.names]
    whole = tree.with_parts(row, names, parts.colors)
    set_found(
        obj.data,
        whole,
        np.where(inside, np.where(found >= 0, len(tree) + found, row), labels),
    )
    return said("{name}: {count} parts.", name=name, count=len(parts))


def _why_nothing_found(context: bpy.types.Context) -> str:
    """What keeps the active object of the list from being worked on, or ""."""
    saga = context.object.data.saga
    return "" if saga.active < len(saga.found) else "Decompose the scene first"
