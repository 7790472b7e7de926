"""Split: the selected Gaussians become an object of their own."""

import bpy
import numpy as np

from .. import point_cloud
from ..drawing.overlay import overlay
from ..found_objects import set_found
from ..gaussian_attributes import read_layout, read_means
from ..placement import centre, move_origin
from ..splat_object import clusters, selection, set_selection, tree_of
from ..translations import OURS, said
from .explained import Explained, why_not_edit
from .selecting import select_only
from .telling import tell

_MOST = 0.8  # of the Gaussians: a click and a decomposition disagree at edges


class Split(Explained, bpy.types.Operator):
    """Move the selected Gaussians into a new object; the rest stays where it is"""

    bl_idname = "saga.split"
    bl_label = "Split"
    bl_translation_context = OURS
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, context) -> str:
        obj = context.object
        if obstacle := why_not_edit(obj):
            return obstacle
        count = np.count_nonzero(selection(obj.data))
        if count == 0:
            return "Nothing is selected: click the thing you want first"
        if count == len(obj.data.points):
            return "Everything is selected: nothing would stay behind"
        return ""

    def execute(self, context):
        obj = context.object
        part = split(obj)
        overlay.end_preview()  # of as many Gaussians as there were
        select_only(context, [part], part)
        moved, stayed = len(part.data.points), len(obj.data.points)
        sentence = "{name}: {moved:,} Gaussians moved, {stayed:,} stayed"
        tell(self, said(sentence, name=part.name, moved=moved, stayed=stayed))
        return {"FINISHED"}


def split(obj: bpy.types.Object) -> bpy.types.Object:
    """Move the selected Gaussians of a splat into a new object, which is returned.

    It shares the collections, materials, modifiers and custom properties of the
    old one; its origin is its own middle. Nothing is selected in either afterwards.
    """
    selected = selection(obj.data)
    part = part_of(obj, selected, _known_as(obj.data, selected) or f"{obj.name} part")
    point_cloud.replace(obj, _unselected(obj.data, ~selected))
    for collection in obj.users_collection:
        collection.objects.link(part)
    return part


def _known_as(data: bpy.types.PointCloud, points: np.ndarray) -> str:
    """A name for those points after the smallest found thing that most lie in, "" for none."""
    tree, labels = tree_of(data), clusters(data)
    inside = np.array(tree.sizes(labels[points]))
    holders = np.flatnonzero(inside >= _MOST * np.count_nonzero(points))
    if not len(holders):
        return ""
    thing = holders[-1]  # parts come after what they belong to
    whole = inside[thing] >= _MOST * tree.sizes(labels)[thing]
    return tree.names[thing] + ("" if whole else " part")


def part_of(obj: bpy.types.Object, points: np.ndarray, name: str) -> bpy.types.Object:
    """A new object, in no collection yet, of those points (boolean [N]) of a splat."""
    part = obj.copy()
    part.name = name
    part.data = _unselected(obj.data, points)
    part.data.name = part.name
    if obj.animation_data is None and not obj.constraints:  # else they say where its origin is
        move_origin(part, centre(read_means(part.data, read_layout(part.data))))
    return part


def _unselected(data: bpy.types.PointCloud, points: np.ndarray) -> bpy.types.PointCloud:
    """Those points of a point cloud, none of them selected."""
    part = point_cloud.subset(data, points)
    part.saga.active = data.saga.active
    set_found(part, tree_of(data), clusters(part))
    set_selection(part, np.zeros(np.count_nonzero(points), bool))
    return part
