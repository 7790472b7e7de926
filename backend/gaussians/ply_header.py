"""What a .ply file says it holds, and whether that can be true.

Everything here happens before memory is asked for: a header can claim anything.
"""

import io
import re
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from plyfile import PlyData, PlyElement, PlyListProperty, PlyParseError

from ..errors import BadInput
from .columns import MAX_SH_DEGREE, gaussian_columns, rest_columns

MAX_HEADER = 2**18  # bytes; a header of a splat has about 1,600
MAX_ELEMENTS = 64  # plyfile takes seconds for thousands; a splat has one
MAX_COUNT = 2**40  # rows of an element, more than any disk holds

CHOOSE_A_SPLAT = "Choose the .ply that the splat trainer saved, often called point_cloud.ply."
GET_IT_AGAIN = "Copy, download or export it once more."


@dataclass(frozen=True)
class Element:
    """A table of the file."""

    name: str
    count: int  # rows
    dtype: np.dtype  # of a row, in the file's byte order; object fields stand for lists
    row_bytes: int  # the least that a row takes up

    @property
    def has_lists(self) -> bool:
        return self.dtype.hasobject


@dataclass(frozen=True)
class SplatHeader:
    """The header of a splat that passed every check a header and a file size allow."""

    size: int  # bytes, end_header included
    ascii: bool
    before: tuple[Element, ...]
    gaussians: Element
    after: tuple[Element, ...]
    sh_degree: int


def read_splat_header(stream: BinaryIO, file_bytes: int, name: str) -> SplatHeader:
    """Read and check the header of an open .ply of `file_bytes` bytes.

    Args:
        stream: at the start of the file.
        file_bytes: how large the file is.
        name: what to call the file in errors.

    Raises:
        BadInput: it is not a PLY file, not an uncompressed splat, or its size
            contradicts the header.
    """
    lines, size = _header_lines(stream.read(MAX_HEADER), name)
    elements, is_ascii = _parse(lines, name)
    names = [element.name for element in elements]
    if "vertex" not in names:
        raise BadInput(f"{name} holds no points.", CHOOSE_A_SPLAT)
    position = names.index("vertex")
    gaussians = elements[position]
    _refuse_compressed(names, gaussians, name)
    degree = _sh_degree(gaussians, name)
    header = SplatHeader(
        size, is_ascii, elements[:position], gaussians, elements[position + 1 :], degree
    )
    _refuse_wrong_size(header, file_bytes - size, name)
    return header


def _header_lines(head: bytes, name: str) -> tuple[list[str], int]:
    """The lines of the header without comments, and its size in bytes."""
    start = re.match(rb"ply(\r\n|\n|\r)", head)
    if not start:
        raise BadInput(f"{name} is not a PLY file.", CHOOSE_A_SPLAT)
    newline = start[1]
    last = newline + b"end_header" + newline
    end = head.find(last)
    if end < 0:
        raise BadInput(f"{name} is damaged: its header has no end.", GET_IT_AGAIN)
    size = end + len(last)
    # Comments may hold any bytes; the rest of a header is ASCII.
    lines = [line.decode("ascii", "replace").strip() for line in head[:size].split(newline)]
    return [line for line in lines if not re.match(r"(comment|obj_info)\b", line)], size


def _parse(lines: list[str], name: str) -> tuple[tuple[Element, ...], bool]:
    """The elements that header lines declare, and whether the data is ascii."""
    counted = re.compile(r"(element\s+\S+)\s+(\S+)\s*")
    try:
        counts = [int(match[2]) for line in lines if (match := counted.fullmatch(line))]
        if len(counts) > MAX_ELEMENTS:
            raise ValueError(f"{len(counts):,} elements are too many")
        # plyfile would make room for whatever the counts claim, so it gets to
        # see a file whose elements are all empty.
        empty = "\n".join(counted.sub(r"\1 0", line) for line in lines) + "\n"
        ply = PlyData.read(io.BytesIO(empty.encode("ascii", "replace")))
        if len(counts) != len(ply.elements):
            raise ValueError("an element without a number of entries")
    except (PlyParseError, ValueError) as error:
        raise BadInput(
            f"{name} is damaged: its header is wrong ({error}).", GET_IT_AGAIN
        ) from error
    for count in counts:
        if not 0 <= count <= MAX_COUNT:
            raise BadInput(f"{name} is damaged: it announces {count:,} entries.", GET_IT_AGAIN)
    elements = [_element(e, n, ply.text) for e, n in zip(ply.elements, counts, strict=True)]
    return tuple(elements), ply.text


def _element(parsed: PlyElement, count: int, is_ascii: bool) -> Element:
    def least_bytes(prop) -> int:
        if is_ascii:
            return 2  # a digit and what separates it from the next
        first = prop.len_dtype if isinstance(prop, PlyListProperty) else prop.val_dtype
        return np.dtype(first).itemsize

    row_bytes = sum(least_bytes(prop) for prop in parsed.properties)
    return Element(parsed.name, count, parsed.data.dtype, row_bytes)


def _refuse_compressed(names: list[str], gaussians: Element, name: str) -> None:
    if "chunk" in names or any(column.startswith("packed_") for column in gaussians.dtype.names):
        raise BadInput(
            f"{name} is a compressed splat.",
            "Open it in SuperSplat and export it as an uncompressed PLY.",
        )


def _sh_degree(gaussians: Element, name: str) -> int:
    """The SH degree that the columns tell; refuses what lacks a column of a splat."""
    columns = gaussians.dtype.names
    missing = [column for column in gaussian_columns(0) if column not in columns]
    if missing:
        raise BadInput(
            f"{name} is not a Gaussian splat: its points lack {', '.join(missing)}.",
            f"It may be a 3D model or a plain point cloud. {CHOOSE_A_SPLAT}",
        )
    if gaussians.has_lists:
        raise BadInput(
            f"{name} has lists among the values of its points, which no Gaussian splat has.",
            CHOOSE_A_SPLAT,
        )
    rest = {column for column in columns if column.startswith("f_rest_")}
    for degree in range(MAX_SH_DEGREE + 1):
        if rest == set(rest_columns(degree)):
            return degree
    raise BadInput(
        f"{name} has {len(rest)} f_rest columns; a splat has 0, 9, 24 or 45, numbered from 0.",
        f"Export it again with spherical harmonics of degree 0 to {MAX_SH_DEGREE}.",
    )


def _refuse_wrong_size(header: SplatHeader, data_bytes: int, name: str) -> None:
    """Hold what the header announces against the bytes that follow it."""
    count = header.gaussians.count
    if count == 0:
        raise BadInput(f"{name} holds no Gaussians.", CHOOSE_A_SPLAT)
    if not header.ascii and any(e.has_lists and e.count for e in header.before):
        raise BadInput(f"{name} has lists before its Gaussians.", CHOOSE_A_SPLAT)
    elements = (*header.before, header.gaussians, *header.after)
    announced = sum(element.count * element.row_bytes for element in elements)
    if header.ascii:
        announced -= 1  # the last line may lack its end
    if announced > data_bytes:
        raise BadInput(
            f"{name} is cut short: {count:,} Gaussians take up at least {announced:,} bytes, "
            f"{data_bytes:,} are there.",
            GET_IT_AGAIN,
        )
    exact = not header.ascii and not any(e.has_lists and e.count for e in elements)
    if exact and announced < data_bytes:
        raise BadInput(
            f"{name} is damaged: {count:,} Gaussians take up {announced:,} bytes, "
            f"{data_bytes:,} are there.",
            GET_IT_AGAIN,
        )
