"""Buttons that say why they are greyed out."""

import bpy
from mathutils import Matrix

from ..splat_object import is_splat
from ..translations import said


class Explained:
    """Mixin of an operator that has `obstacle(context)`: what keeps it from running, or ""."""

    @classmethod
    def poll(cls, context):
        obstacle = cls.obstacle(context)
        if obstacle:
            cls.poll_message_set(said(obstacle))
        return not obstacle


def why_no_splat(obj: bpy.types.Object | None) -> str:
    """That an object is no Gaussian splat, or ""."""
    return "" if is_splat(obj) else "Make a Gaussian splat the active object first"


def why_not_edit(obj: bpy.types.Object | None) -> str:
    """What keeps the Gaussians of an object from being changed, or ""."""
    if obstacle := why_no_splat(obj):
        return obstacle
    if obj.mode != "OBJECT":
        return "Switch to Object Mode first"
    if not (obj.is_editable and obj.data.is_editable):
        return "The splat is linked from another file: make it local first (Object > Relations)"
    return ""


def why_flat(matrix: Matrix) -> str:
    """What keeps places of the world from being told in the frame of an object, or ""."""
    flat = not matrix.determinant()
    return "Give the object a scale other than 0 on every axis first" if flat else ""


def why_no_view(context: bpy.types.Context) -> str:
    """What keeps places of the mouse from meaning anything, or ""."""
    return "" if context.region_data else "Do it in a 3D viewport, with the tool"
