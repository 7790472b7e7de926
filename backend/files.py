"""Writing files so that a failure half-way leaves what was there."""

import os
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
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    try:
        try:
            with draft.open("xb") as stream:
                yield stream
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written: {error.strerror or error}.",
            "Check that the folder exists, has room, and that no other program uses the file.",
        ) from error
