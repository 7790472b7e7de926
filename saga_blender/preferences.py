"""What is set once for all files."""

from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from .panels.preferences import SagaPreferences

EXTENSION = __package__.rpartition(".")[0]  # what Blender calls the extension


def preferences() -> "SagaPreferences":
    """The add-on's preferences as they are now."""
    return bpy.context.preferences.addons[EXTENSION].preferences
