"""Apply Transform: an object's place goes into its Gaussians, colours and all."""

import bpy
import numpy as np
from bpy.props import BoolProperty
from mathutils import Matrix, Vector

from ...backend.errors import BadInput
from ...backend.gaussians.transform import transform
from ..gaussian_attributes import read_layout, store, to_cloud
from ..placement import moved_by, scene_to_raw, set_scene_to_raw
from ..translations import said
from .explained import Explained, why_flat, why_not_edit
from .export_splat import selected_splats
from .telling import tell

_EVEN = 1e-5  # relative; below it a scale is as even as anyone can see


class ApplyTransform(Explained, bpy.types.Operator):
    """Put move, rotation and scale of the selected splats into their Gaussians"""

    bl_idname = "saga.apply_transform"
    bl_label = "Apply Transform"
    bl_description = (
        "Put move, rotation and scale of the selected splats into their Gaussians.\n\n"
        "Blender's own Apply moves the points only: shapes and colours would stay behind"
    )
    bl_options = {"REGISTER", "UNDO"}

    location: BoolProperty(
        name="Location", description="Put the origin to that of the world (or of the parent)"
    )
    rotation: BoolProperty(
        name="Rotation", description="Turn the Gaussians and their colours", default=True
    )
    scale: BoolProperty(
        name="Scale", description="Resize the Gaussians, each along its own axes", default=True
    )

    @classmethod
    def obstacle(cls, context) -> str:
        splats = selected_splats(context)
        if not splats:
            return "Select one or more Gaussian splats first"
        if flat := next(filter(None, (why_flat(obj.matrix_basis) for obj in splats)), ""):
            return flat
        shared = next((obj.name for obj in splats if obj.data.users > 1), "")
        if shared:
            sentence = "{name} shares its Gaussians with a linked duplicate: make it single-user"
            return said(sentence, name=shared)
        return next(filter(None, map(why_not_edit, splats)), "")

    def execute(self, context):
        done = []
        for obj in selected_splats(context):
            try:
                apply_transform(obj, self._left(obj))
                done.append(obj.name)
            except BadInput as error:
                self.report({"ERROR"}, f"{obj.name}: {error}")
        if not done:
            return {"CANCELLED"}
        tell(self, said("Applied to {names}", names=", ".join(done)))
        return {"FINISHED"}

    def _left(self, obj: bpy.types.Object) -> Matrix:
        """What of an object's own transform is not to be applied.

        Raises:
            BadInput: the rest would shear the colours, which spherical harmonics cannot follow.
        """
        scale = Vector(obj.scale) * Vector(obj.delta_scale)
        if self.rotation and not self.scale and np.ptp(scale) > _EVEN * max(map(abs, scale)):
            raise BadInput(
                "The scale is uneven, and turning under it would shear the Gaussians' colours.",
                "Apply the scale together with the rotation.",
            )
        unit = Matrix(np.array(obj.matrix_basis.to_3x3()) / np.array(scale))
        return Matrix.LocRotScale(
            None if self.location else obj.matrix_basis.translation,
            None if self.rotation else unit,
            None if self.scale else scale,
        )


def apply_transform(obj: bpy.types.Object, left: Matrix) -> None:
    """Change a splat's Gaussians so that it looks the same with `left` as its own transform.

    Raises:
        BadInput: an axis is as good as squashed flat; nothing has changed then.
    """
    data, layout = obj.data, read_layout(obj.data)
    applied = np.linalg.inv(np.array(left, np.float64)) @ np.array(obj.matrix_basis, np.float64)
    raw_to_new = applied @ moved_by(-np.array(layout.origin))
    cloud = transform(to_cloud(data, layout), raw_to_new)
    store(data, cloud)
    set_scene_to_raw(data, raw_to_new @ scene_to_raw(data))
    data.update_tag()
    obj.matrix_basis = left
    for child in obj.children:  # they stay where they are
        child.matrix_parent_inverse = Matrix(applied) @ child.matrix_parent_inverse
