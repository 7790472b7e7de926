"""Blender looks for the add-on beside its manifest; it lives in saga_blender/."""

from .saga_blender import register, unregister

__all__ = ["register", "unregister"]
