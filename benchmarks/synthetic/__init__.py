"""A small tabletop splat made by code: pretty to look at, and everything about it is known."""

from .scene import SyntheticScene, make_tabletop
from .views import exact_masks, part_map, write_scene

__all__ = ["SyntheticScene", "exact_masks", "make_tabletop", "part_map", "write_scene"]
