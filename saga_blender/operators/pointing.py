"""What the operators that point at a thing have in common."""

import bpy

from ...backend import protocol
from ..clicks import Asked, Clicks, Prompt, asked_by, clicking, settings_of
from ..engine.job import Unchanged
from ..previews import previews
from ..properties import (
    automatic_property,
    connected_property,
    operation_property,
    scale_property,
    threshold_property,
)
from ..splat_object import asked_object
from .engine_request import EngineRequest, why_not_ask
from .explained import Explained, why_flat


class Pointing(Explained, EngineRequest):
    """Mixin of an operator that selects what is pointed at."""

    bl_options = {"REGISTER", "UNDO"}

    scale: scale_property()
    automatic: automatic_property()
    threshold: threshold_property()
    connected: connected_property()
    operation: operation_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_point(context)

    def take_settings(self, settings) -> None:
        """Ask as the workspace's settings say."""
        for name in ("scale", "automatic", "threshold", "connected"):
            setattr(self, name, getattr(settings, name))

    def select(self, context: bpy.types.Context, prompt: Prompt) -> set[str]:
        """Ask what a prompt selects; what `execute` has to return."""
        obj, workspace = context.object, context.workspace.session_uid
        clicking.let_go()
        previews.forget()
        clicks, asked = Clicks.on(obj, prompt, self.operation), asked_by(self)
        return self.ask(
            clicks.message(obj, asked),
            lambda reply: apply_selection(clicks, asked, reply, workspace),
        )


def why_not_point(context: bpy.types.Context) -> str:
    """What keeps things of the active object from being pointed at, or ""."""
    return why_not_ask(context) or why_flat(context.object.matrix_world)


def apply_selection(clicks: Clicks, asked: Asked, reply: protocol.Selected, workspace: int) -> str:
    """Change the selection of the object that was pointed at, if there still is one.

    Args:
        workspace: session_uid of the one that was pointed in.
    """
    obj = asked_object(clicks.uid, reply.total)
    if obj is None:
        return Unchanged("The clicked object is gone.")
    settings = settings_of(workspace)
    if clicks.prompt.box is not None and settings is not None:  # which shows the scale it found
        clicking.forget()  # so that it asks nothing
        settings.scale = reply.scale
        asked = asked_by(settings)
    answered = clicks.answered(obj, reply, asked)
    clicking.settle(obj, answered)
    return answered.notice
