"""The add-on's preferences: the engine, where it is and what it computes on."""

import bpy
from bpy.props import EnumProperty, StringProperty

from ...backend.errors import SagaError
from ..engine.child_process import last_lines
from ..engine.place import STANDS, environment, why_out_of_reach
from ..engine.session import session
from ..installation.change import Change
from ..installation.environment import Environment
from ..installation.installer import Installation
from ..operators.install import CancelInstall, InstallEngine, RemoveEngine
from ..preferences import EXTENSION
from .parts import error_box, write

LOG_LINES = 4


def _forget_error(_preferences, _context) -> None:
    """Another engine has done nothing wrong yet."""
    session.error = None


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
        update=_forget_error,
    )
    engine_on: EnumProperty(
        name="Engine",
        description="Which computer does the work",
        items=[
            ("HERE", "On This Computer", "In a Python of its own beside Blender"),
            ("SSH", "On Another Computer", "Over SSH, with your key; nothing else is opened"),
        ],
        update=_forget_error,
    )
    ssh_host: StringProperty(
        name="Host",
        description=(
            "The other computer, as in a terminal: what you would write after ssh, such as "
            "you@workstation, or a name in your ~/.ssh/config"
        ),
        update=_forget_error,
    )
    ssh_folder: StringProperty(
        name="Folder There",
        description=(
            "The folder of SAGA for Blender on that computer, in which `make setup` was done, "
            "such as ~/saga-blender"
        ),
        update=_forget_error,
    )
    ssh_python: StringProperty(
        name="Python There",
        description=(
            "The python program that has the engine's packages on that computer. "
            "Empty: the one that `make setup` made in the folder"
        ),
        update=_forget_error,
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
            names = ("ssh_host", "ssh_folder", "ssh_python", "device")
            if obstacle := why_out_of_reach():
                write(layout, context, obstacle, icon="INFO")
        else:
            names = ("engine_folder", "engine_python", "device")
            self._draw_here(layout, context)
        if session.error is not None:
            error_box(layout, context, session.error)
        for name in names:
            layout.prop(self, name)

    def _draw_here(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        change = session.change
        if session.changing:
            _draw_running(layout, change)
        elif not self.engine_python:
            _draw_engine(layout, context, environment())
            if change is None:
                return
            if isinstance(change.outcome, SagaError):
                error_box(layout, context, change.outcome)
            else:
                write(layout, context, change.outcome)


def _draw_engine(
    layout: bpy.types.UILayout, context: bpy.types.Context, place: Environment
) -> None:
    state = place.state
    stands, action = STANDS[state]
    write(layout, context, stands, icon="CHECKMARK" if state == "ready" else "INFO")
    row = layout.row()
    row.operator(InstallEngine.bl_idname, text=action).repair = action == "Repair Engine"
    if state != "missing":
        row.operator(RemoveEngine.bl_idname, icon="TRASH")
    if obstacle := InstallEngine.obstacle(context):
        write(layout, context, obstacle, icon="INFO")


def _draw_running(layout: bpy.types.UILayout, change: Change) -> None:
    row = layout.row()
    row.progress(text=change.label, factor=change.fraction)
    if not isinstance(change, Installation):
        return
    row.operator(CancelInstall.bl_idname, icon="CANCEL")
    column = layout.box().column(align=True)
    for line in last_lines(change.environment.log, LOG_LINES):
        column.label(text=line)
