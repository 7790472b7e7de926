"""The engine behind a pipe: `python -m backend.server`.

Requests come in on stdin and are answered on stdout, one at a time and in
order; the log goes to stderr. The end of stdin is the end of the server,
whatever it is doing: a client that died leaves no engine behind. Because it is
one stream, it also runs on another machine: `ssh host python -m backend.server
--over-ssh`.
"""

import argparse
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from . import __version__, protocol
from .errors import Cancelled, SagaError, explained
from .job import Job, ProgressReport
from .job_queue import JobQueue
from .mirror import Mirror, private_folder
from .stdio import take_over_stdio

if TYPE_CHECKING:
    from .engine import Engine

ALIVE_INTERVAL_S = 1.0
SILENCE_S = 300.0  # over ssh: the line is gone for good, though nobody said so
GRACE_S = 2.0  # for the running request to clean up after itself when the client is gone
EXIT_BROKEN_STREAM = 3


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
        mirror: Mirror | None = None,
    ) -> None:
        """
        Args:
            requests, replies: the two directions of the stream.
            make_engine: called by the first request: it may load what takes seconds.
            device: as asked for.
            mirror: keeps the files of a client on another computer, where it is on one.
        """
        self._requests = requests
        self._replies = replies
        self._make_engine = make_engine
        self._device = device
        self._mirror = mirror
        self._engine: Engine | None = None
        self._sending = threading.Lock()
        self._jobs = JobQueue()
        self._exit_code: int | None = None
        self._heard_at = time.monotonic()

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
        if self._mirror and (removed := self._mirror.remove_unused()):
            print(f"{removed} old copies of files were removed.")
        while (job := self._jobs.take()) is not None:
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
                if self._mirror and time.monotonic() - self._heard_at > SILENCE_S:
                    self._end(EXIT_BROKEN_STREAM)

    def _perform(self, job: Job) -> None:
        report = ProgressReport(job, self._send)
        try:
            reply = self._answer(job.request, report)
            report.flush()
            self._send(job.id, reply)
        except Exception as error:
            if not isinstance(error, SagaError):
                traceback.print_exc()
            self._send(job.id, protocol.failed(explained(error)))

    def _answer(self, request: protocol.Work | protocol.Copying, report: ProgressReport):
        if isinstance(request, protocol.Copying):
            return self._mirror.answer(request)
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine.handle(request, report)

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
        self._heard_at = time.monotonic()
        if isinstance(request, protocol.Alive):
            return
        if isinstance(request, protocol.Cancel):
            if self._jobs.cancel(request.request):
                self._send(request.request, protocol.failed(Cancelled()))
            return
        # An engine on the client's own computer reads the files themselves.
        jobs = protocol.Work | protocol.Copying if self._mirror else protocol.Work
        is_job = isinstance(request, jobs)
        if not (is_job and self._jobs.put(Job(id, request))):
            raise protocol.ProtocolError(f"{type(request).__name__} {id} is out of place.")

    def _end(self, code: int) -> None:
        """Let the running job clean up for a moment, then end the process."""
        self._exit_code = code
        self._jobs.end()
        time.sleep(GRACE_S)
        os._exit(code)

    def _send(self, id: int, message: protocol.Message) -> None:
        """Raises Cancelled when nobody listens any more, so that running work stops cleanly."""
        frame = protocol.encode(id, message, compress=self._mirror is not None)
        try:
            with self._sending:
                protocol.write_frame(self._replies, frame)
        except OSError as error:
            raise Cancelled("The client is gone.") from error


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m backend.server",
        description="Serve the SAGA engine over stdin and stdout, as the Blender add-on starts it. "
        "For work by hand there is `python -m backend`.",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--over-ssh",
        action="store_true",
        help="the client is on another computer: keep copies of its files in a private folder, "
        "which relative paths start from, and compress what it is sent",
    )
    arguments = parser.parse_args()
    device = arguments.device
    requests, replies = take_over_stdio()
    mirror = None
    if arguments.over_ssh:
        mirror = Mirror(private_folder())
        os.chdir(mirror.folder)
    print(f"SAGA engine {__version__}, Python {sys.version.split()[0]}, device {device}")

    def make_engine() -> "Engine":
        from .engine import Engine

        return Engine(device)

    try:
        return Server(requests, replies, make_engine, device, mirror).run()
    except Cancelled as gone:
        print(gone.message)
        return EXIT_BROKEN_STREAM


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # to take torch down in order costs a second, and Blender waits to quit
