"""What operators that select have in common: the keys that are held, and telling the count."""

import bpy
import numpy as np

from ..splat_object import selection
from ..translations import said
from .telling import tell


def operation_of(event: bpy.types.Event) -> str:
    """Shift adds, Ctrl takes away; see `properties.operation_property`."""
    return {(True, False): "ADD", (False, True): "SUBTRACT"}.get((event.shift, event.ctrl), "SET")


def tell_count(operator: bpy.types.Operator, data: bpy.types.PointCloud) -> None:
    """Report how much is selected now."""
    count = np.count_nonzero(selection(data))
    tell(operator, said("{count:,} Gaussians selected.", count=count))
