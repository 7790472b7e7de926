"""Which way is up in splat files: their axes against Blender's."""

from bpy_extras.io_utils import axis_conversion
from mathutils import Matrix

# Trainers write the frame of COLMAP: y down, z forward. Arguments of `orientation_helper`.
SPLAT_AXES = {"axis_forward": "Z", "axis_up": "-Y"}


def file_to_blender(axes) -> Matrix:
    """The rotation, 4x4, from a file's axes to Blender's (z up, y forward).

    Args:
        axes: an operator that `orientation_helper` decorates.
    """
    return axis_conversion(from_forward=axes.axis_forward, from_up=axes.axis_up).to_4x4()
