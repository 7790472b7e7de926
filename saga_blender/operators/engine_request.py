"""What the operators that ask the engine have in common."""

import bpy

from ...backend import protocol
from ...backend.errors import SagaError
from ..engine_session import OnAnswer, session


class EngineRequest:
    """Mixin of an operator: ask, then act on the answer, with a window and without."""

    def ask(self, message: protocol.Work, on_answer: OnAnswer) -> set[str]:
        """Send a request and return what `execute` has to.

        With a window it is under way on return; the answer is acted upon later,
        with an undo step of its own. Without one it has been acted upon.
        """
        try:
            if bpy.app.background:
                self.report({"INFO"}, on_answer(session.wait(message)))
                return {"FINISHED"}
            session.start(message, self.bl_label, _undoable(self, on_answer))
        except SagaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"INTERFACE"}  # nothing has changed yet, so nothing to undo


def _undoable(operator: bpy.types.Operator, on_answer: OnAnswer) -> OnAnswer:
    """The callback followed by an undo step, where the operator changes Blender's data."""
    if "UNDO" not in operator.bl_options:
        return on_answer
    label = operator.bl_label

    def act(reply: protocol.Reply) -> str:
        notice = on_answer(reply)
        bpy.ops.ed.undo_push(message=label)
        return notice

    return act
