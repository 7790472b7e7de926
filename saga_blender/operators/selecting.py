"""What operators that select have in common, Gaussians or the objects that came of them."""

from collections.abc import Iterable

import bpy
import numpy as np

from ..properties import operation_property
from ..splat_object import selection
from ..translations import said
from .telling import tell

_OPERATIONS = {  # by Shift and Ctrl
    (False, False): "SET",
    (True, False): "ADD",
    (False, True): "SUBTRACT",
    (True, True): "INTERSECT",
}


class CombinedByKeys:
    """Mixin of an operator on a button: keys say what becomes of the selection, as for tools."""

    operation: operation_property()

    def invoke(self, context, event):
        self.operation = _OPERATIONS[event.shift, event.ctrl]
        return self.execute(context)


def select_only(
    context: bpy.types.Context, objects: Iterable[bpy.types.Object], active: bpy.types.Object
) -> None:
    """Select objects and no others, and make one of them the active one."""
    for other in context.selected_objects:
        other.select_set(False)
    for obj in objects:
        obj.select_set(True)
    context.view_layer.objects.active = active


def tell_count(operator: bpy.types.Operator, data: bpy.types.PointCloud) -> None:
    """Report how much is selected now."""
    count = np.count_nonzero(selection(data))
    tell(operator, said("{count:,} Gaussians selected.", count=count))
