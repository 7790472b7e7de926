"""What the operators that ask the engine have in common."""

import bpy

from ...backend import protocol
from ...backend.errors import SagaError
from ..engine.job import OnAnswer
from ..engine.place import why_out_of_reach
from ..engine.session import session
from ..scene_file import why_not_imported, why_not_trained
from .explained import why_not_edit


class EngineRequest:
    """Mixin of an operator: ask, then act on the answer, with a window and without."""

    def ask(self, message: protocol.Work, on_answer: OnAnswer) -> set[str]:
        """Send a request and return what `execute` has to.

        With a window it is under way on return; the answer is acted upon later,
        with an undo step of its own. Without one it has been acted upon.
        """
        if not bpy.app.background:
            session.start(message, self.bl_label, on_answer, "UNDO" in self.bl_options)
            return {"INTERFACE"}  # nothing has changed yet, so nothing to undo
        try:
            self.report({"INFO"}, on_answer(session.wait(message)))
        except SagaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def why_not_ask(context: bpy.types.Context) -> str:
    """What keeps the trained features of the active object from being asked, or ""."""
    obj = context.object
    if obstacle := why_not_imported(obj) or why_not_edit(obj) or session.occupied:
        return obstacle
    return why_not_trained(obj.data) or why_out_of_reach()
