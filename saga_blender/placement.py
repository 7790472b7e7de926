"""Where a splat stands: from the frames of its file and of its scene to the world.

The raw frame is that of the .ply's numbers. An object may have its origin elsewhere
in it (the middle of a thing that was split off). Once a transform was applied, the
raw frame is another one than that of the scene which the engine knows.
"""

import bpy
import numpy as np
from mathutils import Matrix

from . import point_cloud
from .gaussian_attributes import read_layout, set_origin

_FRAME = "saga_frame"  # custom property of the data: 16 numbers, from the scene to the raw frame


def raw_to_world(obj: bpy.types.Object, matrix_world: Matrix | None = None) -> np.ndarray:
    """From the raw frame of an object's Gaussians to the world, float64 [4, 4].

    Args:
        matrix_world: the object's, as evaluated; else as it was last.
    """
    matrix = np.array(obj.matrix_world if matrix_world is None else matrix_world, np.float64)
    return matrix @ moved_by(-np.array(read_layout(obj.data).origin))


def scene_to_world(obj: bpy.types.Object) -> Matrix:
    """From the frame of the scene file, in which the engine is asked, to the world."""
    return Matrix(raw_to_world(obj) @ scene_to_raw(obj.data))


def scene_to_raw(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """From the frame of the scene file to that of the raw values, float64 [4, 4]."""
    return np.reshape(pointcloud.get(_FRAME, np.eye(4)), (4, 4))


def set_scene_to_raw(pointcloud: bpy.types.PointCloud, matrix: np.ndarray) -> None:
    """Note where the scene file's frame lies after the raw values were transformed."""
    pointcloud[_FRAME] = matrix.ravel().tolist()


def centre(means: np.ndarray) -> np.ndarray:
    """The middle of Gaussians at `means` [N, 3], float32 [3]; a few far ones do not count."""
    return np.percentile(means, (2, 98), axis=0).mean(axis=0).astype(np.float32)


def move_origin(obj: bpy.types.Object, origin: np.ndarray) -> None:
    """Have an object's origin at a point [3] of the raw frame; its Gaussians stay in place."""
    step = origin - np.array(read_layout(obj.data).origin)
    set_origin(obj.data, tuple(origin.tolist()))
    obj.location = np.array(obj.location) + np.array(obj.matrix_basis.to_3x3()) @ step


def take_away(obj: bpy.types.Object) -> None:
    """Remove a splat from the file; what is parented to it stays where it stands."""
    for child in obj.children:
        # Its `matrix_world` is none yet where Blender has not evaluated it: one that is hidden.
        stands = obj.matrix_world @ child.matrix_parent_inverse @ child.matrix_basis
        child.parent = None
        child.matrix_world = stands
    data = obj.data
    bpy.data.objects.remove(obj)
    point_cloud.drop(data)


def moved_by(step: np.ndarray) -> np.ndarray:
    """The matrix [4, 4] of a move by `step` [3]."""
    matrix = np.eye(4)
    matrix[:3, 3] = step
    return matrix
