"""Carrying an installation out."""

import errno
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ...backend.errors import BadInput, Cancelled, EngineFailure, MissingSoftware, SagaError
from ..engine.child_process import last_lines, start_on_leash
from .change import Change
from .environment import Environment
from .plan import Step, cache_of, choose_build, steps

POLL_S = 0.25
POLLS_PER_MEASUREMENT = 8  # of the disk space, which takes a moment
FORGOTTEN_S = 10.0  # after which an installation that shows no sign of life is over


class Installation(Change):
    """Makes the environment. What was downloaded when it is cancelled waits for the next one."""

    label = "Installing"

    def __init__(
        self,
        environment: Environment,
        base_python: str,
        fresh: bool = False,
        await_unused: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            environment: what is to be made.
            base_python: the interpreter that it is made from, such as Blender's.
            fresh: remove what is there first, rather than go on from it.
            await_unused: see `Change`.
        """
        super().__init__(environment, await_unused)
        self._base_python = base_python
        self._fresh = fresh

    def _work(self) -> str:
        try:
            return self._install()
        except OSError as error:
            raise _explained(str(error), self.environment) from error

    def _install(self) -> str:
        place = self.environment
        place.folder.parent.mkdir(parents=True, exist_ok=True)
        build = choose_build()
        with _only_one(place.folder.with_name("installing")) as alive:
            if self._fresh or place.state == "broken":
                place.remove()
            _require_room(place.folder, build.disk_gb)
            place.unfinish()
            with place.log.open("wb") as log:
                log.write(f"{build.why}\n".encode())
                for step in steps(place.folder, self._base_python, build, place.package_root):
                    self.label = step.label
                    self._perform(step, log, alive, build.disk_gb)
            shutil.rmtree(cache_of(place.folder), ignore_errors=True)
            place.finish(build.name)
        return last_lines(place.log, 1)[0]

    def _perform(self, step: Step, log: BinaryIO, alive: Path, gigabytes: float) -> None:
        """Raises SagaError when none of the commands works."""
        for command in step.commands:
            if self._run(command, log, alive, gigabytes) == 0:
                return
        raise _explained("\n".join(last_lines(self.environment.log, 20)), self.environment)

    def _run(self, command: tuple[str, ...], log: BinaryIO, alive: Path, gigabytes: float) -> int:
        log.write(f"\n> {' '.join(command)}\n".encode())
        log.flush()
        root = self.environment.package_root
        process = start_on_leash(self._base_python, command, root, log)
        try:
            for poll in itertools.count():
                if process.poll() is not None:
                    return process.returncode
                if self._cancelled.wait(POLL_S):
                    raise Cancelled("The installation was stopped.", "Start it again to go on.")
                os.utime(alive)
                if poll % POLLS_PER_MEASUREMENT == 0:
                    used = bytes_in(self.environment.folder) / 1e9
                    self.fraction = min(used / gigabytes, 0.99)
        finally:
            process.stdin.close()
            process.wait()


def bytes_in(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile does not count."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                file = os.lstat(os.path.join(where, name))
                total += file.st_size // file.st_nlink  # uv links what it has downloaded
    return total


@contextmanager
def _only_one(sign: Path) -> Iterator[Path]:
    """A file that is touched as long as an installation lives; two would spoil each other's work.

    Raises:
        BadInput: another Blender is installing.
    """
    if sign.exists() and time.time() - sign.stat().st_mtime < FORGOTTEN_S:
        raise BadInput(
            "Another Blender is installing the engine.", "Wait until it is done, then try again."
        )
    sign.touch()
    try:
        yield sign
    finally:
        sign.unlink(missing_ok=True)


def _require_room(folder: Path, gigabytes: float) -> None:
    room = (shutil.disk_usage(folder.parent).free + bytes_in(folder)) / 1e9
    if room < gigabytes:
        raise BadInput(
            f"The engine needs {gigabytes:g} GB, and there is room for {room:.1f} GB in "
            f"{folder.parent}.",
            "Make room, or choose another folder for the engine in the preferences.",
        )


def _explained(said: str, environment: Environment) -> SagaError:
    """What went wrong, judged by what the tools said."""
    log = f"The log is {environment.log}."
    if os.strerror(errno.ENOSPC) in said:
        return BadInput("The disk is full.", "Make room, then install again: it goes on.")
    if "Hash mismatch" in said or "DO NOT MATCH THE HASHES" in said:
        return EngineFailure(
            "A file that was downloaded is not the one that it should be.",
            f"Try again; if it happens again, someone is changing your downloads. {log}",
        )
    if any(sign in said for sign in ("dns error", "NewConnectionError", "Connection", "timed out")):
        return MissingSoftware(
            "The packages could not be downloaded.",
            f"Check the connection, then install again: it goes on where it was. {log}",
        )
    last = said.splitlines()[-1] if said else "nothing was said"
    return EngineFailure(f"The engine could not be installed: {last.rstrip('.')}.", log)
