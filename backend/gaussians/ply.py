"""Gaussian clouds in 3DGS .ply files, binary or ascii, any order of columns.

Rows go through memory a few thousand at a time, so that a column is picked out
of the cache and not out of the whole file. plyfile understands headers; it
does not read the rows because it keeps the file mapped (on Windows nobody can
then overwrite it) and parses ascii value by value.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from plyfile import PlyData, PlyElement

from ..errors import BadInput
from ..files import replacing
from .cloud import GaussianCloud
from .columns import file_arrays, file_columns, float32_holds, gaussian_columns, ply_type
from .ply_header import CHOOSE_A_SPLAT, GET_IT_AGAIN, SplatHeader, read_splat_header

MAX_LINE = 2**16  # bytes of a row in an ascii file; one of a splat has about 700
ROWS = 2048  # at once; a row has about 250 bytes, so that they fit into a core's cache


@dataclass(frozen=True)
class SplatFile:
    """What a .ply holds."""

    cloud: GaussianCloud
    dropped: int  # Gaussians left out because a value that they need is not finite


def read_ply(path: str | Path) -> SplatFile:
    """Read a 3DGS .ply.

    Gaussian i of the cloud is the i-th finite one of the file. A Gaussian is
    left out if its position, rotation, scale, opacity or SH is not finite (as
    float32); extra columns may hold anything and keep their type. What a double
    says beyond a float32 is kept as an extra column of the same name.

    Raises:
        BadInput: the file cannot be read, is no uncompressed splat, is damaged,
            or holds no finite Gaussian.
    """
    path = Path(path)
    if path.is_dir():
        raise BadInput(f"{path.name} is a folder, not a .ply file.", CHOOSE_A_SPLAT)
    try:
        with path.open("rb") as stream:
            header = read_splat_header(stream, os.fstat(stream.fileno()).st_size, path.name)
            stream.seek(header.size)
            rows = _ascii_rows if header.ascii else _binary_rows
            splat = _gather(header, rows(stream, header, path.name))
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror or error}.", "Check that the file is there."
        ) from error
    if len(splat.cloud) == 0:
        raise BadInput(
            f"All {splat.dropped:,} Gaussians of {path.name} have values that are not finite.",
            "The training went wrong: train the splat again or export it once more.",
        )
    return splat


def _binary_rows(stream: BinaryIO, header: SplatHeader, name: str) -> Iterator[np.ndarray]:
    """The Gaussians' rows in order, as structured arrays of up to `ROWS`."""
    dtype = header.gaussians.dtype
    stream.seek(sum(e.count * e.row_bytes for e in header.before), os.SEEK_CUR)
    for start in range(0, header.gaussians.count, ROWS):
        wanted = min(ROWS, header.gaussians.count - start) * dtype.itemsize
        data = stream.read(wanted)
        if len(data) < wanted:
            raise BadInput(f"{name} became shorter while it was read.", GET_IT_AGAIN)
        yield np.frombuffer(data, dtype)


def _ascii_rows(stream: BinaryIO, header: SplatHeader, name: str) -> Iterator[np.ndarray]:
    """Like `_binary_rows`; an ascii file shows only on the way how many rows it has."""
    lines = (text for line in stream if (text := line.decode("ascii", "replace")).strip())
    wrong_count = BadInput(
        f"{name} is damaged: it does not hold the {header.gaussians.count:,} Gaussians "
        "that its header announces.",
        GET_IT_AGAIN,
    )
    skipped = sum(e.count for e in header.before)
    if sum(1 for _ in islice(lines, skipped)) < skipped:
        raise wrong_count
    for start in range(0, header.gaussians.count, ROWS):
        wanted = min(ROWS, header.gaussians.count - start)
        text = list(islice(lines, wanted))
        if len(text) < wanted:
            raise wrong_count
        try:
            if max(map(len, text)) > MAX_LINE:  # of which loadtxt would make many small strings
                raise ValueError("too long a row")
            yield np.loadtxt(text, header.gaussians.dtype, comments=None, ndmin=1)
        except ValueError as error:
            raise BadInput(
                f"{name} is damaged: one of its rows does not hold a number for each column.",
                GET_IT_AGAIN,
            ) from error
    if sum(1 for _ in lines) != sum(e.count for e in header.after):
        raise wrong_count


def _gather(header: SplatHeader, chunks: Iterator[np.ndarray]) -> SplatFile:
    """Sort the columns of the rows into the fields of a cloud."""
    count, dtype = header.gaussians.count, header.gaussians.dtype
    names = gaussian_columns(header.sh_degree)
    widths = (3, 4, 3, 1, len(names) - 11)  # means, quats, log_scales, opacity, sh
    edges = np.cumsum(widths)[:-1]
    fields = [np.empty((count, width), np.float32) for width in widths]
    extra = {
        name: np.empty(count, dtype[name].newbyteorder("="))
        for name in dtype.names
        if name not in names or not float32_holds(dtype[name])
    }
    kept = 0
    for rows in chunks:
        values = np.empty((len(rows), len(names)), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # doubles that no float32 can hold
            for column, name in enumerate(names):
                values[:, column] = rows[name]
        finite = np.isfinite(values).all(axis=1)
        keep = slice(None) if finite.all() else finite  # the slice spares a copy
        stop = kept + np.count_nonzero(finite)
        for field, part in zip(fields, np.split(values, edges, axis=1), strict=True):
            field[kept:stop] = part[keep]
        for name, column in extra.items():
            column[kept:stop] = rows[name][keep]
        kept = stop
    means, quats, log_scales, opacity, sh = (field[:kept] for field in fields)
    extra = {name: column[:kept] for name, column in extra.items()}
    columns = tuple((name, ply_type(dtype[name])) for name in dtype.names)
    sh = sh.reshape(kept, (header.sh_degree + 1) ** 2, 3)
    cloud = GaussianCloud(means, quats, log_scales, opacity[:, 0], sh, extra, columns)
    return SplatFile(cloud, count - kept)


def write_ply(path: str | Path, cloud: GaussianCloud) -> None:
    """Write a cloud as a binary little-endian 3DGS .ply, replacing the file only when done.

    Columns and their types are those that the cloud came with (see
    `columns.file_columns`); one that it has no values for becomes 0.

    Raises:
        BadInput: the cloud is empty, or the file cannot be written.
    """
    path = Path(path)
    if len(cloud) == 0:
        raise BadInput("There are no Gaussians to write.", "Select something first.")
    columns = file_columns(cloud)
    arrays = file_arrays(cloud)
    rows = np.zeros(min(ROWS, len(cloud)), [(name, "<" + t) for name, t in columns.items()])
    element = PlyElement.describe(np.broadcast_to(rows[:1], len(cloud)), "vertex")
    header = PlyData([element], byte_order="<").header
    with replacing(path) as stream:
        stream.write(header.encode("ascii") + b"\n")
        for start in range(0, len(cloud), ROWS):
            chunk = rows[: len(cloud) - start]
            for name in columns.keys() & arrays.keys():
                chunk[name] = arrays[name][start : start + ROWS]
            stream.write(chunk.tobytes())
