"""numpy's .npy and .npz files from strangers: no pickles, and no more memory than they hold."""

import io
import math
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What numpy and zipfile raise besides OSError and ValueError.
_UNREADABLE = (
    EOFError, KeyError, IndexError, TypeError, OverflowError, RuntimeError, MemoryError,
    NotImplementedError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_npy(path: Path, most_bytes: int) -> np.ndarray:
    """The array of a .npy file; not to be written to.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, another program's, or larger than `most_bytes`.
    """
    _require(path.stat().st_size, most_bytes)
    return _parsed(path.read_bytes())


def read_npz(path: Path, most_bytes: int) -> dict[str, np.ndarray]:
    """The arrays of a .npz file by their names; not to be written to.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, another program's, or holds more than `most_bytes`, unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _require(sum(member.file_size for member in members), most_bytes)
            return {
                m.filename.removesuffix(".npy"): _parsed(_unpacked(archive, m)) for m in members
            }
    except _UNREADABLE as error:
        raise ValueError(str(error)) from error


def _require(size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise ValueError(f"it holds {size:,} bytes, more than {most_bytes:,}")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        return stream.read(member.file_size)  # a number: else a bomb is unpacked before it counts


def _parsed(data: bytes) -> np.ndarray:
    """np.load makes room for whatever the header claims; here the bytes must be there."""
    stream = io.BytesIO(data)
    try:
        shape, is_fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
        if min(shape, default=0) < 0:
            raise ValueError(f"the shape {shape}")
        values = np.frombuffer(data, dtype, math.prod(shape), stream.tell())
        return values.reshape(shape, order="F" if is_fortran else "C")
    except _UNREADABLE as error:
        raise ValueError(f"no array of numpy's: {error!s:.80}") from error
