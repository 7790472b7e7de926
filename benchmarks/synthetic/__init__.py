"""A small tabletop splat made by code: pretty to look at, and everything about it is known."""

from .scene import SyntheticScene, make_tabletop
from .views import write_scene

__all__ = ["SyntheticScene", "make_tabletop", "write_scene"]
