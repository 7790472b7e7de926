"""Copies of a client's files, for an engine that works on another computer."""

import glob
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import BadInput
from .files import stamp_of
from .protocol import Bring, Brought, Copied, Copying, Keep, Kept, Only, Removed, parted

PIECE_BYTES = 1 << 18  # read at once: what is under way shows and can be stopped
UNUSED_S = 30 * 86_400.0  # after which a copy is removed


def private_folder() -> Path:
    """The folder for copies and weights, made where it is missing, that nobody else may read.

    Raises:
        BadInput: it cannot be made.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(caches).absolute() / "saga-blender"
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


@dataclass(frozen=True)
class Mirror:
    """A folder in which a client's files lie as they do on its own computer.

    A copy, which the client could send again, is told from what the engine has made here by
    being read-only; its time of access says when a client last asked for it.
    """

    folder: Path

    def answer(self, request: Copying) -> Copied:
        """Take or give a piece of a file, or remove copies of what the client has no more.

        Raises:
            BadInput: the path leads out of the folder, a piece is missing before the one
                that came, or the disk refuses.
        """
        if isinstance(request, Only):
            return self._only(request)
        path = self._inside(request.path)
        try:
            return _bring(path, request) if isinstance(request, Bring) else _keep(path, request)
        except (OSError, OverflowError) as error:
            raise _unusable(path, error) from error

    def _only(self, request: Only) -> Removed:
        within, files = (
            [self._inside(path) for path in parted(paths)]
            for paths in (request.within, request.files)
        )
        below = (
            Path(folder, name)
            for place in within
            for folder, _, names in os.walk(place)
            for name in names
        )
        gone = {path for path in (*within, *below) if _is_copy(path)} - set(files)
        for path in gone:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _unusable(path, error) from error
        return Removed(len(gone))

    def remove_unused(self) -> int:
        """Remove copies that no client has asked for in `UNUSED_S`, and drafts; how many."""
        removed = 0
        for folder, _, names in os.walk(self.folder, topdown=False):
            for path in (Path(folder, name) for name in names):
                with suppress(OSError):  # another session was faster, or it is in use
                    if _is_unused(path):
                        path.unlink()
                        removed += 1
            with suppress(OSError):  # it is not empty
                if Path(folder) != self.folder:
                    os.rmdir(folder)
        return removed

    def _inside(self, name: str) -> Path:
        try:
            path = (self.folder / name).resolve()
        except (OSError, ValueError) as error:
            raise BadInput(f"{name!r} cannot be the name of a file: {error}.") from error
        if path == self.folder.resolve() or not path.is_relative_to(self.folder.resolve()):
            raise BadInput(f"{name!r} is not in the engine's folder of copies.")
        return path


def _keep(path: Path, file: Keep) -> Kept:
    found = stamp_of(path)
    if found == (file.size, file.modified):
        _mark_as_copy(path)
        return Kept(file.size, whole=True)
    if found and found[1] > file.modified and not _is_copy(path):
        return Kept(0, whole=False, newer=True)
    draft = path.with_name(f"{path.name}.{file.size:x}-{file.modified:x}.part")
    there = draft.stat().st_size if draft.is_file() else 0
    if file.piece is None:
        return Kept(there, whole=False)
    if file.offset > there:
        raise BadInput(f"A piece of {path.name} was lost.", "Ask again: what is there is kept.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with draft.open("r+b" if there else "wb") as copy:
        copy.seek(file.offset)
        copy.write(file.piece)
    there = draft.stat().st_size
    if there < file.size:
        return Kept(there, whole=False)
    os.utime(draft, ns=(file.modified, file.modified))
    os.replace(draft, path)
    _mark_as_copy(path)
    for older in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        older.unlink(missing_ok=True)
    return Kept(there, whole=True)


def _bring(path: Path, wanted: Bring) -> Brought:
    if not path.is_file():
        return Brought(np.zeros(0, np.uint8), 0, 0)
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        file.seek(wanted.offset)
        piece = np.frombuffer(file.read(PIECE_BYTES), np.uint8)
    if wanted.offset == found.st_size:  # asked for once all before it is on the client's disk
        _mark_as_copy(path)
    return Brought(piece, found.st_size, found.st_mtime_ns)


def _mark_as_copy(path: Path) -> None:
    """Note that the client has this file too, and has asked for it now."""
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    path.chmod(stat.S_IRUSR)


def _is_copy(path: Path) -> bool:
    """Whether there is a file that the client has too, not one that was made here."""
    with suppress(OSError):  # there is none, or could be none of that name
        mode = path.lstat().st_mode
        return stat.S_ISREG(mode) and not mode & stat.S_IWUSR
    return False


def _is_unused(path: Path) -> bool:
    """Whether this is an old copy, or an old part of a file that was never finished."""
    found, is_copy = path.lstat(), _is_copy(path)
    used = found.st_atime if is_copy else found.st_mtime
    return (is_copy or path.suffix == ".part") and time.time() - used > UNUSED_S


def _unusable(path: Path, error: OSError | OverflowError) -> BadInput:
    why = getattr(error, "strerror", None) or error
    return BadInput(
        f"On the engine's computer {path} cannot be used: {why}.",
        "Make room there, or ask who looks after it; then ask again.",
    )
