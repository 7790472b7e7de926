"""The engine, as the add-on sees it: requests out, callbacks in, never a wait in between.

Everything, callbacks included, happens in the thread that calls: Blender's main
thread, from a timer. Threads of `EngineProcess` feed the pipes.
"""

import itertools
import math
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...backend import protocol
from ...backend.errors import EngineFailure, SagaError
from .over_ssh import OverSsh
from .patience import Crashes, Silence, hung, left_alone
from .process import EngineProcess, OnThisComputer

CLIENT_NAME = "SAGA for Blender"
POLL_S = 0.005

LINE_BROKE = protocol.Progress(
    "The line broke, connecting again",
    fraction=0.0,
    eta_s=-1.0,
    memory_mb=0.0,
    detail="The engine goes on from its last checkpoint.",
)

OnDone = Callable[[protocol.Reply], None]
OnProgress = Callable[[protocol.Progress], None]
OnError = Callable[[SagaError], None]


@dataclass
class PendingRequest:
    """A request that has not been answered."""

    message: protocol.Work
    process: EngineProcess | None  # None where none could be started
    on_done: OnDone | None
    on_progress: OnProgress | None
    on_error: OnError | None
    cancelled: bool = False
    answer: protocol.Reply | SagaError | None = None

    def settle(self, reply: protocol.Reply) -> None:
        """Take the answer and call back."""
        if isinstance(reply, protocol.Failed):
            self.answer = protocol.error_of(reply)
            if self.on_error is not None:
                self.on_error(self.answer)
        else:
            self.answer = reply
            if self.on_done is not None:
                self.on_done(reply)


class EngineClient:
    """Sends requests to an engine that it starts when needed, and again when it has died.

    All methods belong to one thread and, but for `wait`, return at once.
    """

    def __init__(
        self,
        place: OnThisComputer | OverSsh,
        device: str = "auto",
        log_folder: str | Path | None = None,
    ) -> None:
        """
        Args:
            place: where the engine is.
            device: "auto", "cpu" or "cuda".
            log_folder: where the log goes; None is the system's temporary folder.
        """
        self._place = place
        self._device = device
        self._log_folder = log_folder
        self.log_path: Path | None = None  # there is one once the engine was started
        self._log_is_of_use = False  # somebody was told of it
        self._ids = itertools.count(1)
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._pending: dict[int, PendingRequest] = {}
        self._process: EngineProcess | None = None
        self._silence = Silence()
        self._crashes = Crashes()

    @property
    def state(self) -> Literal["starting", "ready", "dead"]:
        """Dead also before the first request, which starts the engine."""
        if self._process is None or self._process.exit_code is not None:
            return "dead"
        return "ready" if self._process.ready else "starting"

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._pending)

    def request(
        self,
        message: protocol.Work,
        on_done: OnDone | None = None,
        on_progress: OnProgress | None = None,
        on_error: OnError | None = None,
    ) -> int:
        """Ask the engine; `pump` or `wait` will call on_done(reply) or on_error(error), once.

        Arrays in the message must not change until then. An engine that cannot
        be started is an error like any other.

        Returns:
            The request's id.

        Raises:
            ProtocolError: a field of the message has the wrong type.
        """
        id = next(self._ids)
        pending = PendingRequest(message, None, on_done, on_progress, on_error)
        self._ask(id, pending)
        self._pending[id] = pending
        return id

    def cancel(self, id: int) -> None:
        """Ask to stop a request; it ends with on_error(Cancelled), or its answer was faster."""
        pending = self._pending.get(id)
        if pending is not None and pending.process is not None:
            pending.cancelled = True
            pending.process.send(next(self._ids), protocol.Cancel(id))

    def pump(self, budget_s: float = 0.005) -> None:
        """Call the callbacks of what has arrived, for about `budget_s` seconds at most.

        What a callback raises is raised here; the next call goes on behind it.
        """
        deadline = time.monotonic() + budget_s
        while not self._events.empty():
            self._dispatch(*self._events.get())
            if time.monotonic() >= deadline:
                return
        self._watch()

    def wait(self, id: int, timeout: float | None = None) -> protocol.Reply:
        """Pump until a request under way is answered: for work without a window.

        Raises:
            KeyError: the request has been answered already, or never was.
            SagaError: the request failed, or was not answered in `timeout` seconds.
        """
        pending = self._pending[id]
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while pending.answer is None:
            if time.monotonic() >= deadline:
                self._log_is_of_use = True
                raise EngineFailure(
                    f"The engine gave no answer in {timeout:g} s.", f"Its log is {self.log_path}."
                )
            self.pump()
            time.sleep(POLL_S)
        if isinstance(pending.answer, SagaError):
            raise pending.answer
        return pending.answer

    def close(self) -> threading.Thread:
        """End the engine and forget its requests without a callback, and a log that nobody needs.

        Returns:
            What ends it, in a few seconds at most: to be joined where Python itself ends,
            or files go.
        """
        process, self._process = self._process, None
        self._pending.clear()
        closing = threading.Thread(target=self._end, args=(process,), name="close", daemon=True)
        closing.start()
        return closing

    def _end(self, process: EngineProcess | None) -> None:
        """In a thread of its own."""
        if process is not None:
            process.close()
        if self.log_path is not None and not self._log_is_of_use:
            with suppress(OSError):  # a cleaner of temporary folders was faster, or someone reads
                self.log_path.unlink()

    def _ask(self, id: int, pending: PendingRequest) -> None:
        try:
            pending.process = self._living_process()
            pending.process.send(id, pending.message)
        except EngineFailure as error:
            self._events.put((None, id, protocol.failed(error)))
        except OSError as error:
            self._events.put((None, id, protocol.failed(self._place.not_started(error))))

    def _living_process(self) -> EngineProcess:
        if self.state == "dead":
            if self._crashes.are_too_many:
                raise left_alone(self.log_path, self._crashes.rest_s)
            if self.log_path is None:
                handle, path = tempfile.mkstemp(".log", "saga-engine-", self._log_folder)
                os.close(handle)
                self.log_path = Path(path)
            self._process = self._place.start(self._device, self.log_path, self._events)
            self._process.send(0, protocol.Hello(protocol.PROTOCOL_VERSION, CLIENT_NAME))
        return self._process

    def _dispatch(
        self, process: EngineProcess | None, id: int, message: protocol.Reply | None
    ) -> None:
        if message is None:
            self._process_ended(process)
        elif isinstance(message, protocol.Welcome):
            process.ready = True
        elif id == 0:
            process.failure = protocol.error_of(message)
        elif isinstance(message, protocol.Progress):
            pending = self._pending.get(id)
            if pending is not None and pending.on_progress is not None:
                pending.on_progress(message)
        elif id in self._pending:
            if process is not None and process.exit_code is None:
                self._crashes.count = 0
            self._pending.pop(id).settle(self._with_the_log(message))

    def _with_the_log(self, reply: protocol.Reply) -> protocol.Reply:
        """The same, and a failure that nobody planned for names the log, which is kept then."""
        if not (isinstance(reply, protocol.Failed) and reply.code == EngineFailure.code):
            return reply
        self._log_is_of_use = True
        if str(self.log_path) in reply.advice:
            return reply
        return replace(reply, advice=f"{reply.advice} The log is {self.log_path}.")

    def _process_ended(self, process: EngineProcess) -> None:
        """Answer what a dead engine left unanswered, or ask again where only the line broke."""
        self._crashes.one_more()
        self._log_is_of_use = True
        for id, pending in self._pending.items():
            if pending.process is not process:
                continue
            if process.line_broke and not (pending.cancelled or self._crashes.are_too_many):
                self._ask(id, pending)
                if pending.on_progress is not None:
                    pending.on_progress(LINE_BROKE)
            else:
                self._events.put((process, id, protocol.failed(process.why())))

    def _watch(self) -> None:
        """End an engine that owes an answer and has said nothing for long."""
        process = self._process
        if process is None or not self._pending:
            self._silence = Silence()
        elif self._silence.is_a_hang(process.heard):
            process.kill(hung(self.log_path))
            self._silence = Silence()
