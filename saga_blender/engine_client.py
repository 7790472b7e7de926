"""The engine, as the add-on sees it: requests out, callbacks in, never a wait in between.

Two threads feed the pipes of the engine's process. Everything else, callbacks
included, happens in the thread that calls: Blender's main thread, from a timer.
"""

import itertools
import math
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..backend import protocol
from ..backend.errors import BadInput, EngineFailure, SagaError
from .child_process import NO_WINDOW, clean_environment

CLIENT_NAME = "SAGA for Blender"
CLOSE_S = 3.0  # for the engine to end by itself: more than its own grace
POLL_S = 0.005

OnDone = Callable[[protocol.Reply], None]
OnProgress = Callable[[protocol.Progress], None]
OnError = Callable[[SagaError], None]


class EngineProcess:
    """One run of the engine and the two threads at its pipes.

    What it says is put into `events` as (process, id, message); when it has
    ended, (process, 0, None) is the last.
    """

    def __init__(
        self, command: list[str], package_root: Path, log_path: Path, events: queue.SimpleQueue
    ) -> None:
        """Raises OSError when there is no such program."""
        with log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                command,
                cwd=package_root,
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,  # a buffer's lock, held by a thread at exit, would crash Blender
                creationflags=NO_WINDOW,
            )
        self._events = events
        self._frames: queue.SimpleQueue = queue.SimpleQueue()
        self.ready = False
        self.failure: SagaError | None = None  # why it ended, where it said so
        for work in (self._read, self._write):
            threading.Thread(target=work, name=f"engine {work.__name__}", daemon=True).start()

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def send(self, id: int, message: protocol.Request) -> None:
        """Queue a message. Raises ProtocolError when it does not fit its own annotations."""
        self._frames.put(protocol.encode(id, message))

    def close(self) -> None:
        """End it: by the end of its stdin, else by force."""
        self._frames.put(None)
        for insist in (lambda: None, self._popen.terminate, self._popen.kill):
            insist()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(CLOSE_S)
                return

    def _write(self) -> None:
        with self._popen.stdin as pipe, suppress(OSError):  # the reader tells that it is dead
            while (frame := self._frames.get()) is not None:
                protocol.write_frame(pipe, frame)

    def _read(self) -> None:
        try:
            with self._popen.stdout as pipe:
                while (message := protocol.read_message(pipe)) is not None:
                    self._events.put((self, *message))
        except protocol.ProtocolError as error:
            self.failure = EngineFailure(
                f"The program that was started is no SAGA engine. {error.message}",
                "Choose the engine's Python in the add-on's preferences.",
            )
        finally:
            self.close()
            self._events.put((self, 0, None))


@dataclass
class PendingRequest:
    """A request that has not been answered."""

    process: EngineProcess | None
    on_done: OnDone | None
    on_progress: OnProgress | None
    on_error: OnError | None
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

    All methods belong to one thread and, but for `wait` and `close`, return at once.
    """

    def __init__(
        self,
        python: str | Path,
        package_root: str | Path,
        device: str = "auto",
        log_folder: str | Path | None = None,
    ) -> None:
        """
        Args:
            python: the interpreter of the engine's environment.
            package_root: the folder that holds `backend`.
            device: "auto", "cpu" or "cuda".
            log_folder: where the log goes; None is the system's temporary folder.
        """
        self._command = [str(python), "-m", "backend.server", "--device", device]
        self._package_root = Path(package_root)
        self._log_folder = log_folder
        self.log_path: Path | None = None  # there is one once the engine was started
        self._ids = itertools.count(1)
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._pending: dict[int, PendingRequest] = {}
        self._process: EngineProcess | None = None

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
        id, process = next(self._ids), None
        try:
            process = self._living_process()
            process.send(id, message)
        except OSError as error:
            failure = BadInput(
                f"The engine's Python could not be started: {error}.",
                "Choose it in the add-on's preferences.",
            )
            self._events.put((None, id, protocol.failed(failure)))
        self._pending[id] = PendingRequest(process, on_done, on_progress, on_error)
        return id

    def cancel(self, id: int) -> None:
        """Ask to stop a request; it ends with on_error(Cancelled), or its answer was faster."""
        pending = self._pending.get(id)
        if pending is not None and pending.process is not None:
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
                raise EngineFailure(
                    f"The engine gave no answer in {timeout:g} s.", f"Its log is {self.log_path}."
                )
            self.pump()
            time.sleep(POLL_S)
        if isinstance(pending.answer, SagaError):
            raise pending.answer
        return pending.answer

    def close(self) -> None:
        """End the engine and forget its requests without a callback. May take a few seconds."""
        process, self._process = self._process, None
        self._pending.clear()
        if process is not None:
            process.close()

    def _living_process(self) -> EngineProcess:
        if self.state == "dead":
            if self.log_path is None:
                handle, path = tempfile.mkstemp(".log", "saga-engine-", self._log_folder)
                os.close(handle)
                self.log_path = Path(path)
            self._process = EngineProcess(
                self._command, self._package_root, self.log_path, self._events
            )
            self._process.send(0, protocol.Hello(protocol.PROTOCOL_VERSION, CLIENT_NAME))
        return self._process

    def _dispatch(
        self, process: EngineProcess | None, id: int, message: protocol.Reply | None
    ) -> None:
        if message is None:
            self._bury(process)
        elif isinstance(message, protocol.Welcome):
            process.ready = True
        elif id == 0:
            process.failure = protocol.error_of(message)
        elif isinstance(message, protocol.Progress):
            pending = self._pending.get(id)
            if pending is not None and pending.on_progress is not None:
                pending.on_progress(message)
        elif id in self._pending:
            self._pending.pop(id).settle(message)

    def _bury(self, process: EngineProcess) -> None:
        """Answer what a dead engine left unanswered."""
        failure = process.failure or EngineFailure(
            f"The engine stopped (exit code {process.exit_code}). "
            f'Its last words: "{_last_line(self.log_path)}".',
            f"The log is {self.log_path}.",
        )
        for id, pending in self._pending.items():
            if pending.process is process:
                self._events.put((process, id, protocol.failed(failure)))


def _last_line(path: Path) -> str:
    """Of the log; "" when a cleaner of temporary files has been there."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
