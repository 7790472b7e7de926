"""The add-on's preferences: the engine, where it is and what it computes on."""

import bpy
from bpy.props import EnumProperty, StringProperty

from ..child_process import last_lines
from ..engine_place import STANDS, environment
from ..engine_session import session
from ..installation.environment import Environment
from ..installation.installer import Installation
from ..operators.install import CancelInstall, InstallEngine, RemoveEngine
from ..preferences import EXTENSION
from .parts import write

LOG_LINES = 4


class SagaPreferences(bpy.types.AddonPreferences):
    """Settings of the add-on in Blender's preferences"""

    bl_idname = EXTENSION

    engine_folder: StringProperty(
        name="Engine's Folder",
        description=(
            "Where the engine and fetched weights lie: to move them, say, to another disk, move "
            "the folders engine and weights and name their new place here. "
            "Empty: in Blender's folder for extensions"
        ),
        subtype="DIR_PATH",
    )
    engine_python: StringProperty(
        name="Engine's Python",
        description=(
            "The python program of an environment that you made yourself. "
            "Empty: the engine that is installed here"
        ),
        subtype="FILE_PATH",
    )
    engine_on: EnumProperty(
        name="Engine",
        description="Which computer does the work",
        items=[
            ("HERE", "On This Computer", "In a Python of its own beside Blender"),
            ("SSH", "On Another Computer", "Over SSH, with your key; nothing else is opened"),
        ],
    )
    ssh_host: StringProperty(
        name="Host",
        description=(
            "The other computer, as in a terminal: what you would write after ssh, such as "
            "you@workstation, or a name in your ~/.ssh/config"
        ),
    )
    ssh_folder: StringProperty(
        name="Folder There",
        description=(
            "The folder of SAGA for Blender on that computer, in which `make setup` was done, "
            "such as ~/saga-blender"
        ),
    )
    ssh_python: StringProperty(
        name="Python There",
        description=(
            "The python program that has the engine's packages on that computer. "
            "Empty: the one that `make setup` made in the folder"
        ),
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

    def draw(self, context):
        layout = self.layout
        layout.row().prop(self, "engine_on", expand=True)
        if self.engine_on == "SSH":
            for name in ("ssh_host", "ssh_folder", "ssh_python", "device"):
                layout.prop(self, name)
            return
        installation = session.installation
        if installation is not None and installation.outcome is None:
            _draw_running(layout, installation)
        elif not self.engine_python:
            _draw_engine(layout, environment())
            if installation is not None:
                write(layout, context, str(installation.outcome))
        for name in ("engine_folder", "engine_python", "device"):
            layout.prop(self, name)


def _draw_engine(layout: bpy.types.UILayout, place: Environment) -> None:
    state = place.state
    stands, button = STANDS[state]
    row = layout.row()
    row.label(text=stands, icon="CHECKMARK" if state == "ready" else "INFO")
    row.operator(InstallEngine.bl_idname, text=button).repair = button == "Repair Engine"
    if state != "missing":
        row.operator(RemoveEngine.bl_idname, icon="TRASH")


def _draw_running(layout: bpy.types.UILayout, installation: Installation) -> None:
    row = layout.row()
    row.progress(text=installation.label, factor=installation.fraction)
    row.operator(CancelInstall.bl_idname, icon="CANCEL")
    column = layout.box().column(align=True)
    for line in last_lines(installation.environment.log, LOG_LINES):
        column.label(text=line)
