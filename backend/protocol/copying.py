"""How the files of a client get to an engine on another computer, and back.

What is said of files that both can read is in `requests`; an engine on the
client's own computer is never asked these.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


def joined(paths: Iterable[str]) -> np.ndarray:
    """Paths as one array, for there may be more of them than a header holds: uint8 [B]."""
    return np.frombuffer("\0".join(paths).encode(errors="surrogatepass"), np.uint8)


def parted(text: np.ndarray) -> list[str]:
    """The paths that were joined. Raises ValueError where they were not."""
    return [path for path in text.tobytes().decode(errors="surrogatepass").split("\0") if path]


@dataclass(frozen=True)
class Keep:
    """Have a copy of a file of the client's, which comes piece by piece. Answer: Kept."""

    path: str  # in the engine's folder of copies, with forward slashes
    size: int
    modified: int  # nanoseconds since 1970; of the same time and size is the same file
    offset: int = 0
    piece: np.ndarray | None = None  # uint8 [B]: what is in it from there on; None only asks


@dataclass(frozen=True)
class Bring:
    """Read a piece of a file in the engine's folder of copies. Answer: Brought."""

    path: str
    offset: int = 0


@dataclass(frozen=True)
class Only:
    """Remove copies of what is no longer on the client's computer. Answer: Removed."""

    within: np.ndarray  # `joined` paths: copies at these, and in these folders, go,
    files: np.ndarray  # but for the copies of these


@dataclass(frozen=True)
class Kept:
    """Answer to Keep."""

    bytes: int  # that are there: what is still to come begins here
    whole: bool  # nothing is to come
    newer: bool = False  # nothing was taken: the engine has made a newer one, to be brought


@dataclass(frozen=True)
class Removed:
    """Answer to Only."""

    count: int


@dataclass(frozen=True)
class Brought:
    """Answer to Bring."""

    piece: np.ndarray  # uint8 [B], empty at the end of the file
    size: int  # of the whole file
    modified: int  # nanoseconds since 1970; 0: there is no such file
