"""Selection: change what is selected, or select by what the Gaussians are like."""

import bpy
import numpy as np
from bpy.props import EnumProperty, FloatProperty

from ...backend.errors import BadInput
from ...backend.gaussians.selection import Cells, combine, grow, largest_part, shrink, within
from .. import point_cloud
from ..properties import operation_property
from ..splat_object import BASE, SCALE, hidden, selection, set_selection
from .explained import Explained, why_not_edit
from .selecting import tell_count

_NEAR = 3.0  # median sizes of a Gaussian: on a surface, the next ones are that far away


class Selection(Explained, bpy.types.Operator):
    """Change which Gaussians are selected"""

    bl_idname = "saga.selection"
    bl_label = "Change Selection"
    bl_options = {"REGISTER", "UNDO"}

    mode: EnumProperty(
        name="Mode",
        description="How to change what is selected",
        items=[
            ("ALL", "All", "Select everything"),
            ("NONE", "None", "Select nothing"),
            ("INVERT", "Invert", "Select what is not selected"),
            ("GROW", "Grow", "Select what lies around the selection too"),
            ("SHRINK", "Shrink", "Take the rim off the selection"),
            ("LARGEST", "Largest Part", "Keep the largest part that hangs together"),
            ("OPACITY", "By Opacity", "Find what is as opaque as the bounds say"),
            ("SIZE", "By Size", "Find what is as large as the bounds say"),
        ],
    )
    operation: operation_property()
    low: FloatProperty(name="From", description="The least opacity or size that is found", min=0.0)
    high: FloatProperty(
        name="To", description="The greatest opacity or size that is found", default=1.0, min=0.0
    )
    distance: FloatProperty(
        name="Distance",
        description="How far apart neighbours are, for Grow, Shrink and Largest Part, "
        "in the units of the splat. 0: as far as suits its Gaussians",
        min=0.0,
        subtype="DISTANCE",
    )

    @classmethod
    def obstacle(cls, context) -> str:
        if obstacle := why_not_edit(context.object):
            return obstacle
        return "" if len(context.object.data.points) else "The splat is empty"

    def invoke(self, context, _event):
        if self.mode == "NONE" and not selection(context.object.data).any():
            return {"PASS_THROUGH"}  # Escape, which then stops what plays
        return self.execute(context)

    def execute(self, context):
        data = context.object.data
        try:
            selected = self._changed(data, selection(data)) & ~hidden(data)
        except BadInput as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        set_selection(data, selected)
        tell_count(self, data)
        return {"FINISHED"}

    def _changed(self, data: bpy.types.PointCloud, selected: np.ndarray) -> np.ndarray:
        """The selection after the chosen mode."""

        def values(name):
            return point_cloud.read(data.attributes[name])

        def found(of_each):
            return combine(selected, within(of_each, self.low, self.high), self.operation)

        def near():
            return self.distance or _NEAR * float(np.median(values(SCALE).max(axis=1)))

        def cells():
            return Cells.cut(values("position"), near())

        return {
            "ALL": lambda: np.ones_like(selected),
            "NONE": lambda: np.zeros_like(selected),
            "INVERT": lambda: ~selected,
            "GROW": lambda: grow(selected, cells()),
            "SHRINK": lambda: shrink(selected, cells()),
            "LARGEST": lambda: largest_part(selected, values("position"), near()),
            "OPACITY": lambda: found(values(BASE)[:, 3]),
            "SIZE": lambda: found(values(SCALE).max(axis=1)),
        }[self.mode]()
