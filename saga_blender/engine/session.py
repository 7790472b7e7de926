"""The one engine of this Blender: started when first asked, drained by a timer, closed at the end.

`session` holds no process and no timer before the first request and after `close`.
"""

import threading
import traceback
from collections.abc import Callable
from functools import partial

import bpy

from ...backend import protocol
from ...backend.errors import BadInput, SagaError
from ..installation.change import Change
from ..preferences import preferences
from ..viewport import areas, redraw_pages
from .client import EngineClient
from .job import Job, OnAnswer, Unchanged
from .over_ssh import OverSsh
from .place import engine_place, is_installed_here
from .process import OnThisComputer

_TICK_S = 0.001  # previews follow the mouse; at rest Blender itself pauses for longer
BEING_CHANGED = "The engine is being installed or removed"

_END_S = 10.0  # for what was started to end, when Python does


class EngineSession:
    """Asks the engine one thing at a time."""

    def __init__(self) -> None:
        self._client: EngineClient | None = None
        self._client_settings: tuple[OnThisComputer | OverSsh, str] | None = None
        self.job: Job | None = None
        self.notice = ""  # how the last job ended, in a sentence
        self.error: SagaError | None = None  # what it failed of
        self.change: Change | None = None  # of the installed engine: under way, or the last one

    @property
    def changing(self) -> bool:
        """Whether the engine is being installed or removed."""
        return self.change is not None and self.change.outcome is None

    @property
    def _is_withheld(self) -> bool:
        return self.changing and is_installed_here()

    @property
    def occupied(self) -> str:
        """What keeps it from being asked something else, or "": only a click gives way."""
        if self._is_withheld:
            return BEING_CHANGED
        gives_way = self.job is None or self.job.request is protocol.Select
        return "" if gives_way else "Wait until the engine is done, or cancel what it does"

    def wait(self, message: protocol.Work) -> protocol.Reply:
        """Ask and wait for the answer: for Blender without a window, where no timer runs.

        Raises:
            SagaError: whatever kept the engine from answering.
        """
        client = self.connected()
        return client.wait(client.request(message))

    def start(
        self, message: protocol.Work, label: str, on_answer: OnAnswer, undoable: bool = False
    ) -> None:
        """Ask and return at once. A request under way gives way to this one.

        An engine that cannot be asked is told of like one that fails later.

        Args:
            label: what is being done, shown while it lasts.
            on_answer: called from a timer; may raise SagaError.
            undoable: it changes Blender's data, which is then a step to undo.
        """
        self.cancel()
        try:
            client = self.connected()
        except SagaError as error:
            return self._alarm(error)
        job = self.job = Job(type(message), label, undoable)
        self.error = None
        job.id = client.request(
            message,
            on_done=partial(self._answered, job, on_answer),
            on_progress=partial(self._progressed, job),
            on_error=partial(self._failed, job),
        )
        self.listen()

    def cancel(self) -> None:
        """Ask the engine to stop what it is doing; its answer is ignored if it still comes."""
        if self.job is not None:
            self._client.cancel(self.job.id)
            self.job, self.notice, self.error = None, "Cancelled.", None

    def listen(self) -> None:
        """Call back for what the engine says from now on, until it has answered all."""
        if not bpy.app.background and not bpy.app.timers.is_registered(_drain):
            bpy.app.timers.register(_drain, first_interval=_TICK_S, persistent=True)

    def drain(self) -> bool:
        """Call back for what the engine has said; whether there is more to come."""
        if self._client is None:
            return False
        self._client.pump()
        self._act()
        return self._client.busy or self.job is not None

    def end(self) -> None:
        """Close, and wait until that is done: Python ends."""
        for thread in self.close():
            thread.join(_END_S)

    def close(self) -> tuple[threading.Thread, ...]:
        """End the engine, and changing it; forget what was asked. Returns what ends them."""
        if self.change is None:
            return self._disconnect()
        self.change.cancel()
        return self.change.thread, *self._disconnect()

    def _disconnect(self) -> tuple[threading.Thread, ...]:
        if bpy.app.timers.is_registered(_drain):
            bpy.app.timers.unregister(_drain)
        client, self._client, self.job = self._client, None, None
        return () if client is None else (client.close(),)

    def connected(self) -> EngineClient:
        """A client with the settings of the preferences, a new one when they have changed.

        Other settings end no job that is under way: they count from the next one.
        Who asks it calls `listen` for the answer to come.

        Raises:
            BadInput: there is no engine to be asked.
        """
        if self._is_withheld:  # what starts now would hold its files
            raise BadInput(f"{BEING_CHANGED}.", "Wait until that is done.")
        if self.job is not None:
            return self._client
        settings = engine_place(), preferences().device
        if self._client is None or settings != self._client_settings:
            self._disconnect()
            self._client, self._client_settings = EngineClient(*settings), settings
        return self._client

    def _progressed(self, job: Job, progress: protocol.Progress) -> None:
        job.progress = progress
        _redraw()

    def _answered(self, job: Job, on_answer: OnAnswer, reply: protocol.Reply) -> None:
        if job is self.job:
            job.act = partial(on_answer, reply)
            self._act()

    def _act(self) -> None:
        """Do what the job's answer says, if there is one and it could be undone."""
        job = self.job
        if job is None or job.act is None or (job.undoable and not in_object_mode()):
            return
        self.job = None
        try:
            self.notice = job.act()
            if job.undoable and not isinstance(self.notice, Unchanged):
                bpy.ops.ed.undo_push(message=job.label)
        except SagaError as error:
            self._alarm(error)
        finally:
            _redraw()

    def _failed(self, job: Job, error: SagaError) -> None:
        if job is self.job:
            self.job = None
            self._alarm(error)
            _redraw()

    def _alarm(self, error: SagaError) -> None:
        """Tell of a failure: in the panel, and in our preferences or else beside the mouse."""
        self.error = error
        in_preferences = bpy.context.preferences.active_section == "ADDONS"
        if bpy.app.background or (in_preferences and any(areas("PREFERENCES"))):
            return  # without a window a popup would crash Blender

        def draw(popup, _context):
            popup.layout.label(text=error.message)
            popup.layout.label(text=error.advice)

        bpy.context.window_manager.popup_menu(draw, title="SAGA", icon="ERROR")


def in_object_mode() -> bool:
    """Whether a step to undo would hold all objects: other modes have steps of their own.

    Timers know of no active object, but windows do.
    """
    windows = bpy.context.window_manager.windows
    worked_on = (window.view_layer.objects.active for window in windows)
    return all(obj is None or obj.mode == "OBJECT" for obj in worked_on)


@bpy.app.handlers.persistent
def _is_past(*_scene) -> None:
    """After undo and redo, what the notice tells of is no longer so."""
    session.notice = ""


@bpy.app.handlers.persistent
def _is_of_another_file(*_path) -> None:
    """After loading, what the engine found or failed of is of another file."""
    session.notice, session.error = "", None


def _handlers() -> tuple[tuple[list, Callable], ...]:
    """Blender's lists of what it calls, and what of ours is in each."""
    handlers = bpy.app.handlers
    return (
        (handlers.undo_post, _is_past),
        (handlers.redo_post, _is_past),
        (handlers.load_post, _is_of_another_file),
    )


def register() -> None:
    """Notice what makes a notice stale."""
    for handlers, ours in _handlers():
        handlers.append(ours)


def unregister() -> None:
    """Leave nothing behind."""
    for handlers, ours in _handlers():
        handlers.remove(ours)


def _redraw() -> None:
    """Show how things stand: in the sidebar and in the status bar."""
    redraw_pages()
    # The status bar belongs to no screen; it is drawn again when it hears of a view layer's name.
    bpy.msgbus.publish_rna(key=(bpy.types.ViewLayer, "name"))


def _drain() -> float | None:
    """Timer: lasts as long as something is under way."""
    try:
        return _TICK_S if session.drain() else None
    except Exception:  # a fault in one callback must not leave the others unheard
        traceback.print_exc()
        return _TICK_S


session = EngineSession()
