"""Scale: the next larger or smaller thing, and a notch of the wheel."""

import bpy
import numpy as np
from bpy.props import IntProperty

from ...backend import protocol
from ..clicks import asked_by, clicking, settings_of
from ..engine.job import Unchanged
from ..splat_object import asked_object, find_splat
from .engine_request import EngineRequest, why_not_ask
from .explained import Explained
from .hover import ask_what_is_under
from .pointing import why_not_point

_NOTCH = 0.05  # of scale, for a notch of the wheel


class StepScale(Explained, EngineRequest, bpy.types.Operator):
    """Select the next larger or smaller thing around what was clicked"""

    bl_idname = "saga.step_scale"
    bl_label = "Next Larger or Smaller Thing"
    bl_options = {"REGISTER", "UNDO"}

    step: IntProperty(
        name="Step",
        description="How many things larger, or smaller below zero",
        default=1,
        min=-20,
        max=20,
    )

    @classmethod
    def obstacle(cls, context) -> str:
        if obstacle := why_not_ask(context):
            return obstacle
        return "" if clicking.standing() else "Click a thing first"

    def execute(self, context):
        last, workspace, step = clicking.standing(), context.workspace.session_uid, self.step
        _, _, *strictness = asked_by(context.workspace.saga)
        message = last.message(find_splat(last.uid), (last.scale, False, *strictness), step)

        def act(reply: protocol.Selected) -> str:
            obj = asked_object(last.uid, reply.total)
            if obj is None:
                return Unchanged("The clicked object is gone.")
            if not clicking.stands(last):
                return Unchanged("Something else was selected meanwhile.")
            asked, settings = last.asked, settings_of(workspace)
            if settings is not None:
                clicking.forget()  # so that the slider, which follows, asks nothing
                settings.scale, settings.automatic = reply.scale, False
                asked = asked_by(settings)
            clicks = last.answered(obj, reply, asked)
            clicking.settle(obj, clicks)
            if np.array_equal(clicks.after, last.after):
                larger, smaller = (
                    "There is no larger thing here.",
                    "There is no smaller thing here.",
                )
                return Unchanged(larger if step > 0 else smaller)
            return clicks.notice

        return self.ask(message, act)


class NudgeScale(Explained, bpy.types.Operator):
    """Mean larger or smaller things: the last click, or else what is under the mouse, follows"""

    bl_idname = "saga.nudge_scale"
    bl_label = "Change Scale"
    bl_options = {"INTERNAL"}

    notches: IntProperty(
        name="Notches", description="Of the wheel: above zero for larger things", default=1
    )

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_point(context)

    def invoke(self, context, event):
        self.execute(context)
        if clicking.standing() is None:
            ask_what_is_under(context, event)
        return {"FINISHED"}

    def execute(self, context):
        settings = context.workspace.saga
        if settings.automatic:
            settings.automatic = False
        settings.scale = round(settings.scale + _NOTCH * self.notches, 2)
        return {"FINISHED"}
