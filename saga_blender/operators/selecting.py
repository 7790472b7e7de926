"""What operators that select have in common, Gaussians or the objects that came of them."""

from collections.abc import Iterable

import bpy
import numpy as np

from ..splat_object import selection
from ..translations import said
from .telling import tell


def operation_of(event: bpy.types.Event) -> str:
    """Shift adds, Ctrl takes away; see `properties.operation_property`."""
    return {(True, False): "ADD", (False, True): "SUBTRACT"}.get((event.shift, event.ctrl), "SET")


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
