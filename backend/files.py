"""Writing files so that a failure half-way leaves what was there."""

import os
import pickle
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from .errors import BadInput

DRAFTS = "*.part", ".tmp*"  # ours, and those that the library safetensors makes beside them
STALE_S = 3_600.0  # what is still written to does not stay unchanged for so long


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` at the end, or vanishes if that is not reached.

    Raises:
        BadInput: the file cannot be written.
    """
    with draft_of(path) as draft, draft.open("xb") as stream:
        yield stream


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Like `replacing`, for what opens its files itself: the path at which it is to write.

    Both make the folder where it is missing.

    Raises:
        BadInput: the file cannot be written.
    """
    draft = _beside(path)
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def new_folder(path: Path, replace: bool = False) -> Iterator[Path]:
    """A folder to fill that becomes `path` at the end, or vanishes if that is not reached.

    Args:
        path: of the folder.
        replace: whether it may take the place of a former one, which stays if it does not.

    Raises:
        BadInput: there is something at `path` already, or it cannot be written.
    """
    if path.exists() and not replace:
        raise BadInput(f"{path} already exists.", "Name a new folder.")
    draft, former = _beside(path), _beside(path)
    try:
        draft.mkdir()
        try:
            yield draft
            if path.is_dir() and replace:
                path.rename(former)
            draft.rename(path)
        finally:
            if former.exists() and not path.exists():
                former.rename(path)
            for folder in (draft, former):
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def stamp_of(path: Path) -> tuple[int, int] | None:
    """What a file is told from its former self by: size and time of change. None: no file."""
    with suppress(OSError, ValueError):  # the path may be none that any file has
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            return found.st_size, found.st_mtime_ns
    return None


def try_folder(folder: Path) -> None:
    """Try whether a folder can be made and written into, and leave no file in it.

    Raises:
        BadInput: it cannot.
    """
    trial, is_there = _beside(folder / "trial"), folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.touch(exist_ok=False)
        trial.unlink()
        if not is_there:
            folder.rmdir()
    except OSError as error:
        raise _unwritable(folder, error) from error


def remove_drafts(folder: Path) -> None:
    """Remove what killed programs left half written in a folder that is ours."""
    for path in (path for drafts in DRAFTS for path in folder.rglob(drafts)):
        with suppress(OSError):  # it is in use, or another program was faster
            if time.time() - path.stat().st_mtime > STALE_S:
                path.unlink()


def reason_of(error: Exception) -> str:
    """Why a file cannot be read: what was said, where that is more than a library's innards.

    Of a pickle that it does not trust, torch says how to run the code that is in it.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = str(error).partition("\n")[0].removesuffix(".")
    is_plain = " " in said and not isinstance(error, pickle.UnpicklingError)
    return said if is_plain else "it is damaged, or of another kind"


def _beside(path: Path) -> Path:
    """Where to write what becomes `path`: of a name that no other writer has."""
    return path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{path} cannot be written: {error.strerror or error}.",
        "Check that you may write there, that there is room, and that nothing else uses the file.",
    )
