"""A Gaussian splat as a Blender object: a PointCloud whose attributes are those of Blender 5.3.

What they are called, and what is kept beside the Gaussians: which ones of the
scene file they are, which are selected, which thing each belongs to.
"""

import bpy
import numpy as np

from ..backend.errors import BadInput
from ..backend.gaussians.selection import combine
from . import point_cloud
from .cluster_tree import ClusterTree
from .point_cloud import read_or

SCALE, ROTATION, BASE = "scale", "rotation", "radiance:base"
RAW_MEAN, RAW_SCALE = "saga:mean", "saga:log_scale"
RAW_QUAT, RAW_OPACITY = "saga:quat", "saga:opacity_logit"
INDEX, SELECTION, CLUSTER = "saga:index", "saga:selection", "saga:cluster"
NAMED = "selection:"  # before the name of a selection that is kept
SOURCE, TOTAL, LAYOUT = "saga_source", "saga_total", "saga_layout"  # custom properties of the data

_GREY = (0.5, 0.5, 0.5)


_MEASURED = 5_000  # Gaussians are enough to tell how large a thing is


def sh_name(k: int) -> str:
    """Attribute of the k-th SH coefficient above degree 0."""
    return f"radiance:sh_{k}"


def is_splat(obj: bpy.types.Object | None) -> bool:
    """Whether an object holds Gaussians (ours, or native ones of Blender 5.3)."""
    return (
        obj is not None
        and obj.type == "POINTCLOUD"
        and all(name in obj.data.attributes for name in (SCALE, ROTATION, BASE))
    )


def find_splat(uid: int) -> bpy.types.Object | None:
    """The splat of that session_uid, whatever it is called by now; None if it is gone."""
    return next((o for o in bpy.data.objects if o.session_uid == uid and is_splat(o)), None)


def asked_object(uid: int, total: int) -> bpy.types.Object | None:
    """The object that an answer is about, None if it is gone.

    Args:
        uid: its session_uid when the engine was asked; it may have been renamed since.
        total: Gaussians of the scene, as the engine counts them.

    Raises:
        BadInput: the scene's file is no longer the one that was imported.
    """
    obj = find_splat(uid)
    if obj is None:
        return None
    if total != obj.data[TOTAL]:
        raise file_has_changed()
    return obj


def scene_index(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which Gaussian of the scene file each point is, int32 [N] to read; -1 for none of it."""
    return read_or(pointcloud, INDEX, np.broadcast_to(np.int32(-1), len(pointcloud.points)))


def remaining(pointcloud: bpy.types.PointCloud) -> np.ndarray | None:
    """The Gaussians of the scene file that are there and shown, int32 [M]; None where all are."""
    index, unseen = scene_index(pointcloud), hidden(pointcloud)
    if _is_whole(pointcloud, index) and not unseen.any():
        return None
    index = index[~unseen]
    there = np.zeros(pointcloud[TOTAL], bool)
    there[index[index >= 0]] = True
    return None if there.all() else np.flatnonzero(there).astype(np.int32)


def per_point(
    pointcloud: bpy.types.PointCloud, of_scene: np.ndarray, missing: object
) -> np.ndarray:
    """What the engine says of each Gaussian of the scene file, for each point.

    Args:
        of_scene: [TOTAL].
        missing: for points that are not of that file.

    Raises:
        BadInput: there are points of a larger file.
    """
    index = scene_index(pointcloud)
    if _is_whole(pointcloud, index):
        return of_scene
    if index.max(initial=-1) >= len(of_scene):
        raise file_has_changed()
    return np.where(index >= 0, of_scene[index], missing)


def file_has_changed() -> BadInput:
    """What is said where the scene file is no longer the one that was imported."""
    return BadInput(
        "The splat file has changed since it was imported.", "Import it again to select in it."
    )


def _is_whole(pointcloud: bpy.types.PointCloud, index: np.ndarray) -> bool:
    """Whether points of that scene_index are the scene file as it is: mostly so, and soon told."""
    if len(index) != pointcloud[TOTAL] or index[0] != 0 or index[-1] != len(index) - 1:
        return False
    return bool((index[1:] > index[:-1]).all())  # so many steps up leave no room for gaps


def selection(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which points are selected, boolean [N]; what an eye hides is not, as long as it is hidden."""
    return _stored_selection(pointcloud) & ~hidden(pointcloud)


def _stored_selection(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    return read_or(pointcloud, SELECTION, np.zeros(len(pointcloud.points), bool))


def size_of(obj: bpy.types.Object, chosen: np.ndarray) -> np.ndarray:
    """How far Gaussians (boolean [N]) reach along the world's axes, [3]; a few far ones aside."""
    rows = np.flatnonzero(chosen)
    rows = rows[:: max(1, len(rows) // _MEASURED)]
    means = point_cloud.read(obj.data.attributes["position"])[rows]
    means = means @ np.array(obj.matrix_world.to_3x3(), np.float32).T
    return np.ptp(np.percentile(means, (1, 99), axis=0), axis=0)


def set_selection(
    pointcloud: bpy.types.PointCloud, selected: np.ndarray, keep_hidden: bool = False
) -> None:
    """Select the points where `selected` (boolean [N]) holds, and no others.

    Args:
        keep_hidden: but those that an eye hides stay as they are.
    """
    if keep_hidden:
        selected = np.where(hidden(pointcloud), _stored_selection(pointcloud), selected)
    point_cloud.write(pointcloud, SELECTION, "BOOLEAN", selected)
    pointcloud.update_tag()


def change_selection(pointcloud: bpy.types.PointCloud, found: np.ndarray, operation: str) -> None:
    """Set, add, subtract or intersect what is selected with what was found (boolean [N]).

    What an eye hides is not found; it stays selected where nothing is set anew.
    """
    shown = found & ~hidden(pointcloud)
    combined = combine(selection(pointcloud), shown, operation)
    set_selection(pointcloud, combined, keep_hidden=operation != "SET")


def named_selections(pointcloud: bpy.types.PointCloud) -> list[str]:
    """The names of the selections that are kept with a splat."""
    names = pointcloud.attributes.keys()
    return sorted(name.removeprefix(NAMED) for name in names if name.startswith(NAMED))


def clusters(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which cluster each point belongs to, int32 [N]; -1 for none."""
    return read_or(pointcloud, CLUSTER, np.full(len(pointcloud.points), -1, np.int32))


def set_clusters(pointcloud: bpy.types.PointCloud, labels: np.ndarray) -> None:
    """Set the cluster of each point (int [N], -1 for none)."""
    point_cloud.write(pointcloud, CLUSTER, "INT", labels)
    pointcloud.update_tag()


def tree_of(pointcloud: bpy.types.PointCloud) -> ClusterTree:
    """The things that were found in a splat; one that has no row yet gets a name."""
    rows = pointcloud.saga.found
    tree = ClusterTree(
        tuple(row.name for row in rows),
        tuple(tuple(row.color) for row in rows),
        tuple(row.parent for row in rows),
        tuple(row.shown for row in rows),
    )
    unnamed = range(len(tree), int(clusters(pointcloud).max(initial=-1)) + 1)
    return tree.with_parts(-1, [f"Object {k + 1}" for k in unnamed], [_GREY] * len(unnamed))


def hidden(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which points the eyes in the list of what was found have hidden, boolean [N]."""
    if all(row.shown for row in pointcloud.saga.found):
        return np.zeros(len(pointcloud.points), bool)
    return tree_of(pointcloud).hidden(clusters(pointcloud))
