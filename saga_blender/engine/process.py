"""One run of the engine: its process, the pipes to it, and why it ended."""

import os
import queue
import re
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...backend import protocol
from ...backend.errors import (
    BadInput,
    EngineFailure,
    MissingSoftware,
    SagaError,
    lacks_memory,
    missing_package,
    not_enough_memory,
)
from .child_process import NO_WINDOW, clean_environment, last_lines

CLOSE_S = 3.0  # for the engine to end by itself: more than its own grace


@dataclass(frozen=True)
class OnThisComputer:
    """An engine in a Python of this computer."""

    python: str
    package_root: Path  # the folder that holds `backend`

    def start(self, device: str, log_path: Path, events: queue.SimpleQueue) -> "EngineProcess":
        """Start it on a device: "auto", "cpu" or "cuda"."""
        command = [self.python, "-m", "backend.server", "--device", device]
        return EngineProcess(command, self.package_root, log_path, events)

    def not_started(self, error: OSError) -> SagaError:
        """What to tell when it could not be."""
        return BadInput(
            f"The engine's Python could not be started: {error}.",
            "Choose another in the add-on's preferences, or install the engine there.",
        )


class EngineProcess:
    """One run of the engine and the two threads at its pipes.

    What it says is put into `events` as (process, id, message); when it has
    ended, (process, 0, None) is the last.
    """

    compresses = False  # what it is sent

    def __init__(
        self,
        command: list[str],
        package_root: Path | None,
        log_path: Path,
        events: queue.SimpleQueue,
    ) -> None:
        """Raises OSError when there is no such program."""
        with log_path.open("ab") as log:
            self._log_begins = log.seek(0, os.SEEK_END)
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
        self._log_path = log_path
        self.ready = False
        self.heard = 0  # messages, also those that only say that it lives
        self.failure: SagaError | None = None  # why it ended, where that is known
        for work in (self._read, self._write):
            threading.Thread(target=work, name=f"engine {work.__name__}", daemon=True).start()

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def send(self, id: int, message: protocol.Request) -> None:
        """Queue a message. Raises ProtocolError when it does not fit its own annotations."""
        self._frames.put(protocol.encode(id, message, self.compresses))

    def close(self) -> None:
        """End it: by the end of its stdin, else by force."""
        self._frames.put(None)
        for insist in (lambda: None, self._popen.terminate, self._popen.kill):
            insist()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(CLOSE_S)
                return

    def kill(self, failure: SagaError) -> None:
        """End it at once, also when it is stopped or hangs."""
        self.failure = failure
        self._popen.kill()

    @property
    def line_broke(self) -> bool:
        """Whether it ended because its computer was out of reach."""
        return False

    def why(self) -> SagaError:
        """Why it ended, in the artist's words."""
        return self.failure or _explained(self.exit_code, self._log_path)

    def _write(self) -> None:
        with self._popen.stdin as pipe, suppress(OSError):  # the reader tells that it is dead
            while (frame := self._next_frame()) is not None:
                protocol.write_frame(pipe, frame)

    def _next_frame(self) -> list[memoryview] | None:
        return self._frames.get()

    def _read(self) -> None:
        try:
            # Ended within a message it was no less an engine: its exit tells why.
            with self._popen.stdout as pipe, suppress(protocol.CutShort):
                while (frame := protocol.read_message(pipe)) is not None:
                    self.heard += 1
                    if not isinstance(frame[1], protocol.Alive):
                        self._hear(*frame)
        except protocol.ProtocolError as error:
            self.failure = EngineFailure(
                f"The program that was started is no SAGA engine. {error.message}",
                "Choose the engine's Python in the add-on's preferences.",
            )
        finally:
            self.close()
            self._hear(0, None)

    def _hear(self, id: int, message: protocol.Reply | None) -> None:
        """Take what it said, in the reader's thread."""
        self._events.put((self, id, message))


def _explained(exit_code: int, log_path: Path) -> SagaError:
    """What an exit code and the last words of the log tell."""
    advice = f"What was trained so far is kept: start again and it goes on. The log is {log_path}."
    if exit_code == -getattr(signal, "SIGKILL", 9):
        return EngineFailure(
            "The engine was ended from outside, most often because the memory was full.",
            f"Close other programs or train on fewer views. {advice}",
        )
    words = last_words(log_path)
    if lacks_memory(words):
        return not_enough_memory()
    missing = re.search(r"ModuleNotFoundError: No module named '([^']+)'", words)
    if missing and missing[1].partition(".")[0] != "backend":  # that is ours, not to be installed
        return MissingSoftware(
            missing_package(ModuleNotFoundError(name=missing[1])).message,
            "Install the engine in the add-on's preferences, or choose another Python there.",
        )
    return EngineFailure(
        f'The engine stopped (exit code {exit_code}). Its last words: "{words}".', advice
    )


def last_words(log_path: Path) -> str:
    """The last line of the engine's log."""
    return "".join(last_lines(log_path, 1))
