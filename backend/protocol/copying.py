"""How the files of a client get to an engine on another computer, and back.

What is said of files that both can read is in `requests`; an engine on the
client's own computer is never asked these.
"""

from dataclasses import dataclass

import numpy as np


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
class Kept:
    """Answer to Keep."""

    bytes: int  # that are there: what is still to come begins here
    whole: bool  # nothing is to come


@dataclass(frozen=True)
class Brought:
    """Answer to Bring."""

    piece: np.ndarray  # uint8 [B], empty at the end of the file
    size: int  # of the whole file
    modified: int  # nanoseconds since 1970; 0: there is no such file
