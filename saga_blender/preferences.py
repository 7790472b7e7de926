"""What is set once for all files: the engine's Python and device."""

import bpy
from bpy.props import EnumProperty, StringProperty

EXTENSION = __package__.rpartition(".")[0]  # what Blender calls the extension


class SagaPreferences(bpy.types.AddonPreferences):
    """Settings of the add-on in Blender's preferences"""

    bl_idname = EXTENSION

    engine_python: StringProperty(
        name="Engine's Python",
        description="The python program of the environment that the engine is installed in",
        subtype="FILE_PATH",
    )
    device: EnumProperty(
        name="Device",
        description="What the engine computes on",
        items=[
            ("auto", "Automatic", "The graphics card where there is one that works, else the CPU"),
            ("cuda", "Graphics card", "An NVIDIA graphics card, through CUDA"),
            ("cpu", "CPU", "The processor: slower, but always there"),
        ],
    )

    def draw(self, _context):
        self.layout.prop(self, "engine_python")
        self.layout.prop(self, "device")


def preferences() -> SagaPreferences:
    """The add-on's preferences as they are now."""
    return bpy.context.preferences.addons[EXTENSION].preferences
