"""Small splats made by code: pretty to look at, and everything about them is known."""

from .layouts import LAYOUTS
from .scene import SyntheticScene, make_scene
from .views import exact_masks, part_map, write_scene

__all__ = ["LAYOUTS", "SyntheticScene", "exact_masks", "make_scene", "part_map", "write_scene"]
