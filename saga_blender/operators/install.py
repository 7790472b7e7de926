"""Installing the engine, and removing it."""

import sys

import bpy
from bpy.props import BoolProperty

from ...backend.errors import SagaError
from ..engine_place import environment
from ..engine_session import session
from ..installation.installer import Installation
from ..installation.plan import CPU, CUDA
from ..translations import said
from ..viewport import redraw_pages
from ..warming import warming
from .explained import Explained

_TICK_S = 0.5


def _installing() -> bool:
    return session.installation is not None and session.installation.outcome is None


def _why_not_change() -> str:
    """What keeps the engine's files from being changed, or ""."""
    return "The engine is being installed" if _installing() else session.occupied


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
        place = environment()
        _close()
        session.installation = Installation(place, sys.executable, fresh=self.repair)
        session.installation.start()
        if bpy.app.background:
            return self._finish()
        bpy.app.timers.register(_follow, first_interval=_TICK_S, persistent=True)
        return {"FINISHED"}

    def _finish(self) -> set[str]:
        try:
            self.report({"INFO"}, session.installation.wait())
        except SagaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class CancelInstall(Explained, bpy.types.Operator):
    """Stop installing; what was downloaded is kept for the next time"""

    bl_idname = "saga.cancel_install"
    bl_label = "Cancel"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, _context) -> str:
        return "" if _installing() else "Nothing is being installed"

    def execute(self, _context):
        session.installation.cancel()
        return {"FINISHED"}


class RemoveEngine(Explained, bpy.types.Operator):
    """Delete the installed engine from the disk; splats and what was trained stay"""

    bl_idname = "saga.remove_engine"
    bl_label = "Remove"
    bl_options = {"REGISTER"}

    @classmethod
    def obstacle(cls, _context) -> str:
        if obstacle := _why_not_change():
            return obstacle
        return "The engine is not installed" if environment().state == "missing" else ""

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context):
        _close()
        session.installation = None
        try:
            environment().remove()
        except SagaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _close() -> None:
    """End the engine and wait for that: its files are about to change."""
    session.end()
    warming.stop()


def _follow() -> float | None:
    """Timer: shows how an installation is getting on, as long as there is one."""
    redraw_pages()
    return _TICK_S if _installing() else None
