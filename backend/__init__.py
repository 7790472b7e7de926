"""The SAGA engine: trains and queries affinity features of a 3D Gaussian splat.

Runs in its own Python, as a command line (`python -m backend`) or as a
subprocess of the Blender add-on (`python -m backend.server`). Never imports bpy.
"""

__version__ = "0.1.0"
