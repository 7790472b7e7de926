"""Join: several splats become one object again, without loss."""

from collections.abc import Sequence

import bpy
import numpy as np

from ...backend.errors import SagaError
from ...backend.gaussians.cloud import GaussianCloud
from ...backend.gaussians.concatenate import concatenate
from ...backend.gaussians.transform import transform
from .. import point_cloud
from ..cluster_tree import united
from ..drawing.overlay import overlay
from ..found import LISTED, forget_hits
from ..found_objects import set_found
from ..gaussian_attributes import read_layout, set_origin, store, to_cloud
from ..placement import raw_to_world, scene_to_raw, take_away
from ..splat_object import INDEX, SOURCE, clusters, scene_index, tree_of
from ..translations import OURS, said
from .explained import Explained, why_not_edit
from .export_splat import selected_splats
from .telling import tell

_ROUNDING = 1e-6  # relative; what float32 matrices of the same place differ by


class Join(Explained, bpy.types.Operator):
    """Make one splat of all selected ones: the active one takes in the others, where they stand"""

    bl_idname = "saga.join"
    bl_label = "Join"
    bl_translation_context = OURS
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, context) -> str:
        splats = selected_splats(context)
        if len(splats) < 2 or context.object not in splats:
            return "Select two or more splats, the one that takes in the others last"
        return next(filter(None, map(why_not_edit, splats)), "")

    def execute(self, context):
        others = [obj for obj in selected_splats(context) if obj != context.object]
        try:
            join(context.object, others)
        except SagaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        overlay.end_preview()  # of as many Gaussians as there were
        obj, objects = context.object, 1 + len(others)
        sentence = "{name}: {count:,} Gaussians of {objects} objects"
        tell(self, said(sentence, name=obj.name, count=len(obj.data.points), objects=objects))
        return {"FINISHED"}


def join(into: bpy.types.Object, others: Sequence[bpy.types.Object]) -> None:
    """Move the Gaussians of other splats into one, which keeps its place, name and modifiers.

    Parts of one scene that stand where they were come back in its order and to
    the bit. What stands elsewhere, or comes from another scene, is no longer
    found by clicks: the trained scene does not have it there.

    Raises:
        BadInput: a splat is squashed flat or lacks an attribute; nothing has changed then.
    """
    objects = [into, *others]
    clouds, in_place = zip(*(_as_seen_from(into, obj) for obj in objects), strict=True)
    index = np.concatenate(
        [
            scene_index(obj.data) if here else np.full(len(obj.data.points), -1)
            for obj, here in zip(objects, in_place, strict=True)
        ]
    )
    order = np.argsort(np.where(index < 0, len(index) + index.max(), index), kind="stable")
    joined = point_cloud.gather([obj.data for obj in objects], order)
    store(joined, concatenate(clouds).subset(order))
    point_cloud.write(joined, INDEX, "INT", index[order])
    tree, labels = united(
        *zip(*((tree_of(o.data), clusters(o.data)) for o in objects), strict=True)
    )
    joined.saga.active = into.data.saga.active
    set_found(joined, tree, np.concatenate(labels)[order])
    if {obj.data.get(LISTED) for obj in others} - {None, into.data.get(LISTED)}:
        # The same bit is of other things.
        forget_hits(joined)
    set_origin(joined, read_layout(into.data).origin)
    point_cloud.replace(into, joined)
    for obj in others:
        take_away(obj)


def _as_seen_from(into: bpy.types.Object, obj: bpy.types.Object) -> tuple[GaussianCloud, bool]:
    """An object's Gaussians in the raw frame of another, and whether they were there already."""
    cloud = to_cloud(obj.data, read_layout(obj.data))
    frame = raw_to_world(into)
    matrix = np.linalg.inv(frame) @ raw_to_world(obj)
    extent = np.median(np.linalg.norm(cloud.means, axis=1)) if len(cloud) else 0.0
    slack = _ROUNDING * (extent + np.linalg.norm(frame[:3, 3]))
    here = np.allclose(matrix[:3, :3], np.eye(3), rtol=0, atol=_ROUNDING) and bool(
        np.abs(matrix[:3, 3]).max() <= slack
    )
    same_scene = into.data.get(SOURCE) == obj.data.get(SOURCE) and np.array_equal(
        scene_to_raw(into.data), scene_to_raw(obj.data)
    )
    return (cloud if here else transform(cloud, matrix)), here and same_scene
