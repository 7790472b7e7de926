"""Installing the engine, and removing it."""

import sys
from collections.abc import Callable

import bpy
from bpy.props import BoolProperty

from ...backend.errors import SagaError
from ..engine.place import environment
from ..engine.session import BEING_CHANGED, session
from ..engine.warming import warming
from ..installation.change import Change, Removal
from ..installation.installer import Installation
from ..installation.plan import CPU, CUDA
from ..translations import said
from ..viewport import redraw_pages
from .explained import Explained

_TICK_S = 0.5


def _why_not_change() -> str:
    """What keeps the engine's files from being changed, or ""."""
    return BEING_CHANGED if session.changing else session.occupied


class InstallEngine(Explained, bpy.types.Operator):
    """Download the engine into a Python environment of its own; Blender's Python stays as it is"""

    bl_idname = "saga.install_engine"
    bl_label = "Install Engine"
    bl_options = {"REGISTER"}

    repair: BoolProperty(
        name="From the Beginning",
        description="Remove what is there first, rather than go on from it",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def obstacle(cls, _context) -> str:
        if obstacle := _why_not_change():
            return obstacle
        if not bpy.app.online_access:
            return "Allow Online Access first (Preferences > System), or choose a Python"
        return ""

    def invoke(self, context, _event):
        return context.window_manager.invoke_props_dialog(
            self, width=500, title="Install the engine?", confirm_text="Install"
        )

    def draw(self, _context):
        column = self.layout.column(align=True)
        sentence = "{fetched:g} GB are downloaded; {kept:g} GB stay in"
        column.label(text=said(sentence, fetched=CPU.download_gb, kept=CPU.disk_gb))
        column.label(text=str(environment().folder))
        sentence = "With an NVIDIA card: {fetched:g} GB and {kept:g} GB."
        column.label(text=said(sentence, fetched=CUDA.download_gb, kept=CUDA.disk_gb))

    def execute(self, _context):
        place, fresh = environment(), self.repair
        return perform(self, Installation(place, sys.executable, fresh, close_engine()))


class CancelInstall(Explained, bpy.types.Operator):
    """Stop installing; what was downloaded is kept for the next time"""

    bl_idname = "saga.cancel_install"
    bl_label = "Cancel"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, _context) -> str:
        installing = session.changing and isinstance(session.change, Installation)
        return "" if installing else "Nothing is being installed"

    def execute(self, _context):
        session.change.cancel()
        return {"FINISHED"}


class RemoveEngine(Explained, bpy.types.Operator):
    """Delete the installed engine from the disk; splats and what was trained stay"""

    bl_idname = "saga.remove_engine"
    bl_label = "Remove"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, _context) -> str:
        missing = environment().state == "missing"
        return _why_not_change() or ("The engine is not installed" if missing else "")

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context):
        return perform(self, Removal(environment(), close_engine()))


def close_engine() -> Callable[[], None]:
    """End what uses the engine's files; returns what waits for that, in any thread."""
    closing = session.close()

    def wait() -> None:
        for thread in closing:
            thread.join()
        warming.stop()

    return wait


def perform(operator: bpy.types.Operator, change: Change) -> set[str]:
    """Begin, and without a window wait for the end; what `execute` has to return."""
    session.change = change
    change.start()
    if not bpy.app.background:
        bpy.app.timers.register(_follow, first_interval=_TICK_S, persistent=True)
        return {"FINISHED"}
    try:
        operator.report({"INFO"}, change.wait())
    except SagaError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    return {"FINISHED"}


def _follow() -> float | None:
    """Timer: shows how a change of the engine is getting on, as long as there is one."""
    redraw_pages()
    return _TICK_S if session.changing else None


def unregister() -> None:
    """Show no more of a change, which ends by itself."""
    if bpy.app.timers.is_registered(_follow):
        bpy.app.timers.unregister(_follow)
