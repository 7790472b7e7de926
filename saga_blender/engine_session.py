"""The one engine of this Blender: started when first asked, drained by a timer, closed at the end.

`session` is the add-on's only state outside of Blender's data. It holds no
process and no timer before the first request and after `close`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import bpy

from ..backend import protocol
from ..backend.errors import SagaError
from .engine_client import EngineClient
from .engine_over_ssh import OverSsh
from .engine_place import engine_place
from .engine_process import OnThisComputer
from .installation.installer import Installation
from .preferences import preferences
from .translations import said
from .viewport import areas, redraw_pages

_TICK_S = 0.001  # previews follow the mouse; at rest Blender itself pauses for longer
_CANCEL_S = 2.0  # for an installation to stop what it has started

OnAnswer = Callable[[protocol.Reply], str]  # acts on an answer; returns what to tell the person


@dataclass
class Job:
    """A request that the engine is working on."""

    request: type[protocol.Work]
    label: str
    id: int = 0
    progress: protocol.Progress | None = None

    @property
    def fraction(self) -> float:
        return self.progress.fraction if self.progress else 0.0

    @property
    def text(self) -> str:
        """The stage, and how long it still takes where that can be told."""
        if self.progress is None:
            return f"{said(self.label)} ..."
        stage, eta = said(self.progress.stage), self.progress.eta_s
        if eta < 0:
            return stage
        left = f"{eta:.0f} s" if eta < 100 else f"{eta / 60:.0f} min"
        return said("{stage}, {time} left", stage=stage, time=left)


class EngineSession:
    """Asks the engine one thing at a time."""

    def __init__(self) -> None:
        self._client: EngineClient | None = None
        self._client_settings: tuple[OnThisComputer | OverSsh, str] | None = None
        self.job: Job | None = None
        self.notice = ""  # how the last job ended, in a sentence
        self.error: SagaError | None = None  # what it failed of
        self.installation: Installation | None = None  # under way, or the last one

    @property
    def training(self) -> bool:
        return self.job is not None and self.job.request is protocol.Train

    def wait(self, message: protocol.Work) -> protocol.Reply:
        """Ask and wait for the answer: for Blender without a window, where no timer runs.

        Raises:
            SagaError: whatever kept the engine from answering.
        """
        client = self.connected()
        return client.wait(client.request(message))

    def start(self, message: protocol.Work, label: str, on_answer: OnAnswer) -> None:
        """Ask and return at once. A request under way gives way to this one.

        Args:
            label: what is being done, shown while it lasts.
            on_answer: called from a timer; may raise SagaError.

        Raises:
            SagaError: the engine cannot be asked.
        """
        client = self.connected()
        self.cancel()
        job = self.job = Job(type(message), label)
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
        return self._client.busy

    def end(self) -> None:
        """Close, and wait until that is done: Python ends."""
        self.close(wait=True)

    def close(self, wait: bool = False) -> None:
        """End the engine, and installing it; forget what was asked."""
        if self.installation is not None:
            self.installation.cancel()
            with suppress(SagaError):
                self.installation.wait(_CANCEL_S if wait else 0)
        self._disconnect(wait)

    def _disconnect(self, wait: bool = False) -> None:
        if bpy.app.timers.is_registered(_drain):
            bpy.app.timers.unregister(_drain)
        client, self._client, self.job = self._client, None, None
        if client is not None:
            client.close(wait)

    def connected(self) -> EngineClient:
        """A client with the settings of the preferences, a new one when they have changed.

        Who asks it calls `listen` for the answer to come.

        Raises:
            BadInput: there is no engine to be asked.
        """
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
            self.job = None
            try:
                self.notice = on_answer(reply)
            except SagaError as error:
                self._alarm(error)
            _redraw()

    def _failed(self, job: Job, error: SagaError) -> None:
        if job is self.job:
            self.job = None
            self._alarm(error)
            _redraw()

    def _alarm(self, error: SagaError) -> None:
        """Tell of a failure: in the panel, and in our preferences or else beside the mouse."""
        self.error = error
        if bpy.context.preferences.active_section == "ADDONS" and any(areas("PREFERENCES")):
            return

        def draw(popup, _context):
            popup.layout.label(text=error.message)
            popup.layout.label(text=error.advice)

        bpy.context.window_manager.popup_menu(draw, title="SAGA", icon="ERROR")


@bpy.app.handlers.persistent
def _is_past(*_scene) -> None:
    """After undo, redo and loading, what the notice tells of is no longer so."""
    session.notice = ""


def _handlers() -> tuple[list, ...]:
    return bpy.app.handlers.undo_post, bpy.app.handlers.redo_post, bpy.app.handlers.load_post


def register() -> None:
    """Notice what makes a notice stale."""
    for handlers in _handlers():
        handlers.append(_is_past)


def unregister() -> None:
    """Leave nothing behind."""
    for handlers in _handlers():
        handlers.remove(_is_past)


def _redraw() -> None:
    """Show how things stand: in the sidebar and in the status bar."""
    redraw_pages()
    # The status bar belongs to no screen; it is drawn again when it hears of a view layer's name.
    bpy.msgbus.publish_rna(key=(bpy.types.ViewLayer, "name"))


def _drain() -> float | None:
    """Timer: lasts as long as something is under way."""
    return _TICK_S if session.drain() else None


session = EngineSession()
