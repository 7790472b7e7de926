"""What Decompose Scene found, kept with a splat: names, colours and what is part of what."""

import bpy
import numpy as np
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatVectorProperty,
    IntProperty,
    StringProperty,
)

from . import point_cloud
from .cluster_tree import ClusterTree
from .splat_object import CLUSTER, set_clusters


def _seen_anew(found: "FoundObject", _context: bpy.types.Context) -> None:
    found.id_data.update_tag()


class FoundObject(bpy.types.PropertyGroup):
    """A thing that Decompose Scene found, or a part of one"""

    name: StringProperty(name="Name", description="What the object is called when it is split off")
    color: FloatVectorProperty(
        name="Color",
        description="Colour of the object in lists, and in the viewport once it is split off",
        subtype="COLOR_GAMMA",
        min=0.0,
        max=1.0,
    )
    parent: IntProperty(name="Part Of", description="Row of what it is a part of; -1 for none")
    count: IntProperty(name="Gaussians", description="How many Gaussians it has, parts included")
    shown: BoolProperty(
        name="Show",
        description="Show this object. What is hidden is not selected either: clicks go through",
        default=True,
        update=_seen_anew,
    )


class FoundObjects(bpy.types.PropertyGroup):
    """The list of what was found in a splat, `pointcloud.saga`"""

    found: CollectionProperty(
        type=FoundObject,
        name="Found",
        description="What was found, parts after what they belong to",
    )
    active: IntProperty(name="Active Object", description="Row of the list that is worked on")


def set_found(pointcloud: bpy.types.PointCloud, tree: ClusterTree, labels: np.ndarray) -> None:
    """Keep what was found with a splat, but for what has no Gaussians.

    The active row stays the same thing, or becomes the one above where that is gone.

    Args:
        labels: int [N], the smallest part that each point belongs to; -1 for none.
    """
    tree, number = tree.pruned(labels)
    labels = number[labels]
    if len(tree):
        set_clusters(pointcloud, labels)
    else:
        point_cloud.remove(pointcloud, CLUSTER)
    rows = pointcloud.saga.found
    rows.clear()
    for k, count in enumerate(tree.sizes(labels)):
        row = rows.add()
        row.name, row.color, row.parent = tree.names[k], tree.colors[k], tree.parents[k]
        row.count, row.shown = count, tree.shown[k]
    pointcloud.saga.active = int(number[: pointcloud.saga.active + 1].max(initial=0))
