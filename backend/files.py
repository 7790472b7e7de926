"""Writing files so that a failure half-way leaves what was there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from .errors import BadInput


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

    Raises:
        BadInput: the file cannot be written.
    """
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    try:
        try:
            yield draft
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill that becomes `path` at the end, or vanishes if that is not reached.

    Raises:
        BadInput: there is something at `path` already, or it cannot be written.
    """
    if path.exists():
        raise BadInput(f"There is {path} already.", "Name a new folder.")
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    try:
        draft.mkdir()
        try:
            yield draft
            draft.rename(path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{path} cannot be written: {error.strerror or error}.",
        "Check that the folder exists, has room, and that no other program uses the file.",
    )
