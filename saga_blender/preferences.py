"""What is set once for all files."""

import bpy

EXTENSION = __package__.rpartition(".")[0]  # what Blender calls the extension


def preferences() -> bpy.types.AddonPreferences:
    """The add-on's preferences as they are now, see `panels.preferences.SagaPreferences`."""
    return bpy.context.preferences.addons[EXTENSION].preferences
