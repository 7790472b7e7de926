"""Splats in the 3D viewport, for Blenders that do not draw them themselves."""
