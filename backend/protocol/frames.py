"""How messages travel over a pipe.

A frame is b"SAGA", the header's length (uint32, little endian), a JSON header
{"type", "id", "fields", "arrays": [{"name", "dtype", "shape"}]} and then the
buffers of those arrays: C order, little endian, nothing between them. One that
travels compressed has its size on the way as "zlib". A request's replies carry
its id; id 0 speaks of the stream itself. NaN and infinities are refused outside
arrays: they slip through range checks.
"""

import json
import math
import struct
from typing import Any, BinaryIO, get_args

import numpy as np

from .checks import checked, checked_fields
from .compression import compressed, decompressed, require_expandable
from .messages import CutShort, Message, ProtocolError

MAGIC = b"SAGA"
MAX_HEADER_BYTES = 1 << 20
MAX_BRACKETS = 4096  # in a header: what is made of one takes 250 bytes and more
MAX_ARRAYS = 8
MAX_DIMENSIONS = 4
MAX_ARRAY_BYTES = 1 << 29  # all arrays of a frame together
DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")

_MESSAGES = {cls.__name__: cls for cls in get_args(Message)}
_PREFIX = struct.Struct("<4sI")
_CHUNK_BYTES = 1 << 24  # what a peer's word alone makes us allocate


def encode(id: int, message: Message, compress: bool = False) -> list[memoryview]:
    """A frame as the buffers to write one after the other.

    Arrays are not copied unless they must be, so leave them alone until the
    frame is written.

    Args:
        id: of the request that the message is, or answers.
        message: what is said.
        compress: let arrays travel compressed where that pays: over a slow line.

    Raises:
        ProtocolError: a field does not fit its annotation or a limit.
    """
    values = checked_fields(type(message), vars(message))
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    header = {
        "type": type(message).__name__,
        "id": checked(id, int, "id"),
        "fields": {name: value for name, value in values.items() if name not in arrays},
        "arrays": [
            {"name": name, "dtype": array.dtype.name, "shape": array.shape}
            for name, array in arrays.items()
        ],
    }
    _array_sizes(header["arrays"])
    buffers = list(map(_buffer, arrays.values()))
    if compress:
        for k, spec in enumerate(header["arrays"]):
            if (smaller := compressed(buffers[k])) is not None:
                buffers[k] = memoryview(smaller)
                spec["zlib"] = len(smaller)
    text = json.dumps(header, separators=(",", ":"), allow_nan=False, default=vars).encode("ascii")
    if len(text) > MAX_HEADER_BYTES:
        raise ProtocolError(f"A message of {len(text)} bytes without its arrays is too long.")
    _require_few_brackets(text)
    head = memoryview(_PREFIX.pack(MAGIC, len(text)) + text)
    return [head, *buffers]


def write_message(stream: BinaryIO, id: int, message: Message) -> None:
    """Write one frame; nothing is written of a message that `encode` refuses.

    Raises:
        ProtocolError: see `encode`.
        OSError: the pipe is broken.
    """
    write_frame(stream, encode(id, message))


def write_frame(stream: BinaryIO, buffers: list[memoryview]) -> None:
    """Write what `encode` made. Raises OSError when the pipe is broken."""
    for buffer in buffers:
        while buffer:  # a raw stream may take less than it is given
            buffer = buffer[stream.write(buffer) :]
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[int, Message] | None:
    """Read one frame as (id, message); None when the stream ends between two frames.

    Raises:
        CutShort: the stream ended too early.
        ProtocolError: what came is no such frame, or is over a limit.
    """
    prefix = _receive(stream, _PREFIX.size)
    if not prefix:
        return None
    magic, header_bytes = _PREFIX.unpack(_complete(prefix, _PREFIX.size))
    if magic != MAGIC:
        raise ProtocolError(
            f"The stream holds {bytes(prefix)!r} where a SAGA message should begin."
        )
    if header_bytes > MAX_HEADER_BYTES:
        raise ProtocolError(f"A message header of {header_bytes} bytes is too long.")
    header = _parse(_complete(_receive(stream, header_bytes), header_bytes))
    cls = _MESSAGES.get(checked(header["type"], str, "type"))
    if cls is None:
        raise ProtocolError(f"There is no message {header['type']!r:.40}.")
    values = checked(header["fields"], dict, "fields")
    for spec, size in zip(header["arrays"], _array_sizes(header["arrays"]), strict=True):
        if spec["name"] in values:
            raise ProtocolError(f"{spec['name']!r} is given twice.")
        on_the_way = spec.get("zlib", size)
        buffer = _complete(_receive(stream, on_the_way), on_the_way)
        if "zlib" in spec:
            buffer = decompressed(buffer, size)
        values[spec["name"]] = _array(buffer, spec["dtype"], spec["shape"])
    return checked(header["id"], int, "id"), cls(**checked_fields(cls, values))


def _receive(stream: BinaryIO, size: int) -> bytearray:
    """`size` bytes, fewer at the end of the stream. Memory grows only with what has come."""
    received = bytearray()
    while (start := len(received)) < size:
        received += bytes(min(size - start, max(_CHUNK_BYTES, start)))
        with memoryview(received) as view:
            end = start
            while end < len(received) and (count := stream.readinto(view[end:])):
                end += count
        if end < len(received):
            del received[end:]
            break
    return received


def _complete(received: bytearray, size: int) -> bytearray:
    if len(received) < size:
        raise CutShort(f"The stream ended {size - len(received)} bytes too early.")
    return received


def _require_few_brackets(text: bytes | bytearray) -> None:
    if (count := text.count(b"[") + text.count(b"{")) > MAX_BRACKETS:
        raise ProtocolError(f"A message header with {count} brackets is too large.")


def _parse(text: bytearray) -> dict:
    _require_few_brackets(text)
    try:
        header = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"A message header is no JSON: {error!s:.80}.") from error
    if not isinstance(header, dict) or set(header) != {"type", "id", "fields", "arrays"}:
        raise ProtocolError("A message header lacks a part, or has one too many.")
    return header


def _array_sizes(specs: Any) -> list[int]:
    """Bytes of each array that a header lists, when all is within the limits."""
    if not isinstance(specs, list) or len(specs) > MAX_ARRAYS:
        raise ProtocolError(f"A message's arrays must be a list of up to {MAX_ARRAYS}.")
    sizes = [_array_bytes(spec) for spec in specs]
    if sum(sizes) > MAX_ARRAY_BYTES:
        raise ProtocolError(f"Arrays of {sum(sizes)} bytes in one message are too large.")
    return sizes


def _array_bytes(spec: Any) -> int:
    if not isinstance(spec, dict) or set(spec) - {"zlib"} != {"name", "dtype", "shape"}:
        raise ProtocolError("An array is described by its name, dtype and shape.")
    name, shape = checked(spec["name"], str, "name"), spec["shape"]
    if spec["dtype"] not in DTYPES:
        raise ProtocolError(f"{name} has the dtype {spec['dtype']!r}, not one of {DTYPES}.")
    if not isinstance(shape, list | tuple) or len(shape) > MAX_DIMENSIONS:
        raise ProtocolError(f"{name} must have a list of up to {MAX_DIMENSIONS} sizes.")
    sizes = [checked(size, int, f"a size of {name}") for size in shape]
    # The 1 keeps an empty array from hiding sizes that numpy cannot hold.
    if min(sizes, default=0) < 0 or math.prod(max(size, 1) for size in sizes) > MAX_ARRAY_BYTES:
        raise ProtocolError(f"{name} cannot have the shape {sizes}.")
    size = math.prod(sizes) * np.dtype(spec["dtype"]).itemsize
    if "zlib" in spec:
        require_expandable(checked(spec["zlib"], int, f"the compressed size of {name}"), size)
    return size


def _array(buffer: bytearray, dtype: str, shape: list[int]) -> np.ndarray:
    if dtype == "bool" and np.any(np.frombuffer(buffer, np.uint8) > 1):
        raise ProtocolError("A boolean array holds other bytes than 0 and 1.")
    return np.frombuffer(buffer, np.dtype(dtype).newbyteorder("<")).reshape(shape)


def _buffer(array: np.ndarray) -> memoryview:
    """The bytes of an array, copied only when they lie or read differently."""
    portable = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return portable.reshape(-1).view(np.uint8).data
