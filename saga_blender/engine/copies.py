"""Copies of this computer's files on another: where they lie, and whether they are up to date."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...backend import protocol

_US = re.sub(r"[^\w-]", "_", platform.node()) or "client"  # the folder of our files there


def there(path: str | Path) -> str:
    """Where the copy of a file lies, in the engine's folder of copies."""
    drive, rest = os.path.splitdrive(os.path.abspath(path))
    parts = [part for part in re.split(r"[\\/:]+", drive) if part]
    return "/".join([_US, *parts, *Path(rest).parts[1:]])


def as_here(said: str, us: str = _US) -> str:
    """What the engine says of copies, with their names on this computer.

    Args:
        said: with absolute paths, or such as `there` gives.
        us: the folder of our files there.
    """
    before = r"""[^\s'"(]"""
    copies = rf"(?:{before}*?/saga-blender/|(?<!{before})){re.escape(us)}(?=/)"
    return re.sub(copies, "", said)


@dataclass(frozen=True)
class Stamped:
    """A file, and what tells whether it is still the same."""

    path: Path
    size: int
    modified: int  # nanoseconds since 1970

    @classmethod
    def now(cls, path: Path) -> "Stamped":
        stat = path.stat()
        return cls(path, stat.st_size, stat.st_mtime_ns)

    def kept(self, offset: int = 0, piece: np.ndarray | None = None) -> protocol.Keep:
        """The request to keep it."""
        return protocol.Keep(there(self.path), self.size, self.modified, offset, piece)
