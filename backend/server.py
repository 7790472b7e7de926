"""The engine behind a pipe: `python -m backend.server`.

Requests come in on stdin and are answered on stdout, one at a time and in
order; the log goes to stderr. The end of stdin is the end of the server,
whatever it is doing: a client that died leaves no engine behind. Because it is
one stream, it also runs on another machine: `ssh host python -m backend.server`.
"""

import argparse
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import psutil

from . import __version__, protocol
from .errors import Cancelled, EngineFailure, NotEnoughMemory, SagaError, missing_package
from .stdio import take_over_stdio

if TYPE_CHECKING:
    from .engine import Engine

PROGRESS_INTERVAL_S = 0.1
ALIVE_INTERVAL_S = 1.0
GRACE_S = 2.0  # for the running request to clean up after itself when the client is gone
EXIT_BROKEN_STREAM = 3


@dataclass(frozen=True)
class Job:
    """A request under way."""

    id: int
    request: protocol.Work
    cancelled: threading.Event = field(default_factory=threading.Event)


class ProgressReport:
    """A `Report` that sends Progress: ten a second, and a stage's first and last for sure."""

    def __init__(self, job: Job, send: Callable[[int, protocol.Message], None]) -> None:
        self._job = job
        self._send = send
        self._process = psutil.Process()
        self._stage: str | None = None
        self._stage_began = self._sent = 0.0
        self._first_fraction = 0.0
        self._unsent: tuple[float, str] | None = None

    def __call__(self, stage: str, fraction: float, detail: str = "") -> None:
        if self._job.cancelled.is_set():
            raise Cancelled()
        now = time.monotonic()
        if stage != self._stage:
            self.flush()
            self._stage, self._stage_began, self._first_fraction = stage, now, fraction
            self._sent = -PROGRESS_INTERVAL_S
        self._unsent = (fraction, detail)
        if now - self._sent >= PROGRESS_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Send what was held back."""
        if self._unsent is None:
            return
        (fraction, detail), self._unsent = self._unsent, None
        self._sent = time.monotonic()
        progress = protocol.Progress(
            stage=self._stage,
            fraction=min(max(fraction, 0.0), 1.0),
            eta_s=self._eta(fraction),
            memory_mb=self._process.memory_info().rss / 2**20,
            detail=detail,
        )
        self._send(self._job.id, progress)

    def _eta(self, fraction: float) -> float:
        done = fraction - self._first_fraction  # a resumed stage does not begin at 0
        if done <= 0:
            return -1.0
        return max(1.0 - fraction, 0.0) * (time.monotonic() - self._stage_began) / done


class Server:
    """Answers the requests of one client.

    The calling thread works; another reads, so that a cancellation or the end
    of the client is seen during long work.
    """

    def __init__(
        self,
        requests: BinaryIO,
        replies: BinaryIO,
        make_engine: Callable[[], "Engine"],
        device: str,
    ) -> None:
        """make_engine is called by the first request: it may load what takes seconds."""
        self._requests = requests
        self._replies = replies
        self._make_engine = make_engine
        self._device = device
        self._engine: Engine | None = None
        self._sending = threading.Lock()
        self._changed = threading.Condition()  # guards the three below
        self._waiting: dict[int, Job] = {}  # in the order of arrival
        self._running: Job | None = None
        self._exit_code: int | None = None

    def run(self) -> int:
        """Serve until the stream ends; returns the exit code."""
        try:
            if not self._shake_hands():
                return 0
        except protocol.ProtocolError as error:
            self._send(0, protocol.failed(error))
            return EXIT_BROKEN_STREAM
        for work in (self._read, self._live):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()
        while (job := self._next_job()) is not None:
            self._perform(job)
        return self._exit_code

    def _shake_hands(self) -> bool:
        """Answer Hello; False when the stream ends before it."""
        frame = protocol.read_message(self._requests)
        if frame is None:
            return False
        id, hello = frame
        if not isinstance(hello, protocol.Hello):
            raise protocol.ProtocolError(f"{type(hello).__name__} came before Hello.")
        if hello.protocol != protocol.PROTOCOL_VERSION:
            raise protocol.ProtocolError(
                f"{hello.client} speaks protocol {hello.protocol}, "
                f"the engine speaks {protocol.PROTOCOL_VERSION}.",
                "Install an add-on and an engine of the same version.",
            )
        self._send(id, protocol.Welcome(protocol.PROTOCOL_VERSION, __version__, self._device))
        return True

    def _live(self) -> None:
        """Tell the client each second that nothing hangs, until it is gone."""
        with suppress(Cancelled):
            while self._exit_code is None:
                self._send(0, protocol.Alive())
                time.sleep(ALIVE_INTERVAL_S)

    def _perform(self, job: Job) -> None:
        report = ProgressReport(job, self._send)
        try:
            if self._engine is None:
                self._engine = self._make_engine()
            reply = self._engine.handle(job.request, report)
            report.flush()
            self._send(job.id, reply)
        except SagaError as error:
            self._send(job.id, protocol.failed(error))
        except Exception as error:
            traceback.print_exc()
            self._send(job.id, protocol.failed(_explained(error)))

    def _next_job(self) -> Job | None:
        """Wait for a job; None when the stream has ended."""
        with self._changed:
            self._running = None
            self._changed.wait_for(lambda: self._waiting or self._exit_code is not None)
            if self._exit_code is not None:
                return None
            self._running = self._waiting.pop(next(iter(self._waiting)))
            return self._running

    def _read(self) -> None:
        code = EXIT_BROKEN_STREAM
        try:
            while (frame := protocol.read_message(self._requests)) is not None:
                self._accept(*frame)
            code = 0
        except protocol.ProtocolError as error:
            with suppress(Cancelled):
                self._send(0, protocol.failed(error))
        finally:
            self._end(code)

    def _accept(self, id: int, request: protocol.Request) -> None:
        if isinstance(request, protocol.Cancel):
            self._cancel(request.request)
            return
        with self._changed:
            taken = id in self._waiting or (self._running is not None and self._running.id == id)
            if taken or not isinstance(request, protocol.Work):
                raise protocol.ProtocolError(f"{type(request).__name__} {id} is out of place.")
            self._waiting[id] = Job(id, request)
            self._changed.notify()

    def _cancel(self, id: int) -> None:
        """Stop a job; one that is not there has been answered already."""
        with self._changed:
            dropped = self._waiting.pop(id, None)
            if self._running is not None and self._running.id == id:
                self._running.cancelled.set()
        if dropped is not None:
            self._send(id, protocol.failed(Cancelled()))

    def _end(self, code: int) -> None:
        """Let the running job clean up for a moment, then end the process."""
        with self._changed:
            self._exit_code = code
            if self._running is not None:
                self._running.cancelled.set()
            self._changed.notify()
        time.sleep(GRACE_S)
        os._exit(code)

    def _send(self, id: int, message: protocol.Message) -> None:
        """Raises Cancelled when nobody listens any more, so that running work stops cleanly."""
        frame = protocol.encode(id, message)
        try:
            with self._sending:
                protocol.write_frame(self._replies, frame)
        except OSError as error:
            raise Cancelled("The client is gone.") from error


def _explained(error: Exception) -> SagaError:
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error)
    if isinstance(error, MemoryError) or "out of memory" in str(error):  # CUDA's is its own class
        return NotEnoughMemory(
            "There is not enough memory for this.",
            "Close other programs, train on fewer views, or choose the CPU in the preferences.",
        )
    return EngineFailure(
        f"The engine met an error it did not expect: {type(error).__name__}: {error}",
        "Please report it together with the engine's log, which has the whole story.",
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m backend.server",
        description="Serve the SAGA engine over stdin and stdout, as the Blender add-on starts it. "
        "For work by hand there is `python -m backend`.",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    device = parser.parse_args().device
    requests, replies = take_over_stdio()
    print(f"SAGA engine {__version__}, Python {sys.version.split()[0]}, device {device}")

    def make_engine() -> "Engine":
        from .engine import Engine

        return Engine(device)

    try:
        return Server(requests, replies, make_engine, device).run()
    except Cancelled as gone:
        print(gone.message)
        return EXIT_BROKEN_STREAM


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # to take torch down in order costs a second, and Blender waits to quit
