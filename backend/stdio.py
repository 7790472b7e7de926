"""The engine's pipes, out of reach of everything else in its process."""

import io
import os
import sys
from contextlib import suppress
from typing import BinaryIO


class _Forgiving(io.FileIO):
    """Swallows what cannot be written."""

    def write(self, data: bytes) -> int:
        with suppress(OSError):
            super().write(data)
        return len(data)


def take_over_stdio() -> tuple[BinaryIO, BinaryIO]:
    """The binary streams (requests, replies), out of reach of everything else.

    Whatever libraries and child processes print goes to stderr from here on,
    and what they read from stdin is empty.
    """
    requests, replies = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    # Nor must a log that cannot be written, on a disk that is full, end what is being done.
    sys.stdout = sys.stderr = io.TextIOWrapper(
        _Forgiving(2, "wb", closefd=False), "utf-8", "backslashreplace", write_through=True
    )
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(requests, os.O_BINARY)
        msvcrt.setmode(replies, os.O_BINARY)
    return open(requests, "rb", buffering=0), open(replies, "wb", buffering=0)
