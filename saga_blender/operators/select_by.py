"""Select By: a box, a ball, or a colour says what is selected, without the engine."""

import bpy
import numpy as np
from bpy.props import EnumProperty, FloatProperty
from mathutils import Matrix

from ...backend.errors import BadInput
from ...backend.gaussians.selection import alike, inside
from .. import point_cloud
from ..drawing.gaussians import display_colors
from ..properties import operation_property
from ..splat_object import BASE, change_selection, selection
from .explained import Explained, why_not_edit
from .selecting import tell_count


class SelectBy(Explained, bpy.types.Operator):
    """Select by place or colour"""

    bl_idname = "saga.select_by"
    bl_label = "Select By"
    bl_description = (
        "Select by place or colour.\n\n"
        "Box and Sphere are those of a selected empty; without one they lie around the 3D cursor"
    )
    bl_options = {"REGISTER", "UNDO"}

    mode: EnumProperty(
        name="By",
        description="What says which Gaussians are found",
        items=[
            ("BOX", "Box", "What lies in the box of a selected empty, or around the 3D cursor"),
            ("SPHERE", "Sphere", "What lies in the ball of a selected empty, or around the cursor"),
            ("COLOR", "Color", "What has about the colour of what is selected"),
        ],
    )
    operation: operation_property()
    radius: FloatProperty(
        name="Radius",
        description="Of the ball around the 3D cursor; half an edge of the box",
        subtype="DISTANCE",
        default=1.0,
        min=1e-6,
    )
    tolerance: FloatProperty(
        name="Tolerance",
        description="How far a colour may be from that of what is selected: 1 is from black to red",
        default=0.15,
        min=0.0,
        max=2.0,
    )

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_edit(context.object)

    def execute(self, context):
        data = context.object.data
        selected = selection(data)
        try:
            found = self._found(context, selected)
        except BadInput as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        change_selection(data, found, self.operation)
        tell_count(self, data)
        return {"FINISHED"}

    def _found(self, context, selected: np.ndarray) -> np.ndarray:
        data = context.object.data
        if self.mode == "COLOR":
            base = point_cloud.read(data.attributes[BASE])
            return alike(display_colors(base, np.zeros_like(selected)), selected, self.tolerance)
        to_unit = np.array(self._volume(context).inverted_safe() @ context.object.matrix_world)
        return inside(point_cloud.read(data.attributes["position"]), to_unit, self.mode)

    def _volume(self, context) -> Matrix:
        """From the unit box or ball to the world."""
        empty = next((obj for obj in context.selected_objects if obj.type == "EMPTY"), None)
        if empty is None:
            return context.scene.cursor.matrix @ Matrix.Scale(self.radius, 4)
        return empty.matrix_world @ Matrix.Scale(empty.empty_display_size, 4)
