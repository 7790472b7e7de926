"""The engine's environment on disk: whether it is there, whole, and of this version."""

import hashlib
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ...backend.errors import BadInput
from ...backend.files import stamp_of
from .plan import lock_files, python_of, warmed_up

State = Literal["missing", "unfinished", "outdated", "broken", "ready"]


@dataclass(frozen=True)
class Environment:
    """A virtual environment that `Installation` makes."""

    folder: Path
    package_root: Path  # the folder that holds requirements/ and backend/

    @property
    def python(self) -> Path:
        return python_of(self.folder)

    @property
    def log(self) -> Path:
        """What the last installation said."""
        return self.folder.with_name(f"{self.folder.name}.log")

    @property
    def _finished(self) -> Path:
        """Names the build and the lock files of a finished installation."""
        return self.folder / "saga.txt"

    @property
    def state(self) -> State:
        """How the environment stands; cheap enough for a panel's drawing."""
        if not self.folder.is_dir():
            return "missing"
        try:
            build, stamp = self._finished.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return "unfinished"
        if not self.python.exists():  # a link to a Blender that was moved or removed
            return "broken"
        return "ready" if stamp == _stamp(build, self.package_root) else "outdated"

    @property
    def is_warm(self) -> bool:
        """Whether it was tried out since the add-on came or was updated: what it compiles lies
        beside the add-on's modules and goes with them."""
        try:
            came = (self.package_root / "backend" / "warm_up.py").stat().st_mtime
            return warmed_up(self.folder).stat().st_mtime >= came
        except OSError:
            return False

    def finish(self, build: str) -> None:
        """Remember that it is complete."""
        self._finished.write_text(f"{build} {_stamp(build, self.package_root)}", encoding="utf-8")

    def unfinish(self) -> None:
        """Before it is worked on: what is there may soon not fit together."""
        self._finished.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete it from the disk.

        Raises:
            BadInput: something in it is in use.
        """
        try:
            self.unfinish()
            if self.folder.is_dir():
                shutil.rmtree(self.folder)
            self.log.unlink(missing_ok=True)
        except OSError as error:
            raise BadInput(
                f"{self.folder} cannot be removed: {error.strerror or error}.",
                "Close other Blenders that use the engine, and try again.",
            ) from error


def _stamp(build: str, package_root: Path) -> str:
    return _digest_of(*((lock, stamp_of(lock)) for lock in lock_files(build, package_root)))


@lru_cache(maxsize=4)
def _digest_of(*locks: tuple[Path, tuple[int, int] | None]) -> str:
    """SHA-256 of files in a row, read anew only where one has changed: every hover asks."""
    digest = hashlib.sha256()
    for lock, _ in locks:
        digest.update(lock.read_bytes())
    return digest.hexdigest()
