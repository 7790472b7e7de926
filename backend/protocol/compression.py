"""Arrays that travel compressed: where that pays, and never to more than was agreed."""

import zlib

from .messages import ProtocolError

LEVEL = 1  # the fastest; a line over ssh is faster than the next one
SAMPLE_BYTES = 1 << 16
LEAST_BYTES = 1 << 10  # less is not worth the trouble
PAYS = 0.9  # of the size
ALWAYS_BYTES = 1 << 24  # an array of this size may have been compressed to anything,
MOST_TIMES = 10  # a larger one only to a part of this


def compressed(buffer: memoryview) -> bytes | None:
    """The bytes compressed; None where it does not pay, judged by a sample from the middle."""
    size = buffer.nbytes
    if size < LEAST_BYTES:
        return None
    if size > SAMPLE_BYTES:
        middle = (size - SAMPLE_BYTES) // 2
        sample = buffer[middle : middle + SAMPLE_BYTES]
        if len(zlib.compress(sample, LEVEL)) > PAYS * SAMPLE_BYTES:
            return None
    smaller = zlib.compress(buffer, LEVEL)
    pays = len(smaller) <= PAYS * size and size <= _most_of(len(smaller))
    return smaller if pays else None


def require_expandable(size: int, expanded: int) -> None:
    """Refuse a few bytes that claim to be very many.

    Raises:
        ProtocolError: they do.
    """
    if not 0 < size <= expanded <= _most_of(size):
        raise ProtocolError(f"An array of {expanded} bytes cannot come compressed to {size}.")


def decompressed(data: bytearray, expanded: int) -> bytearray:
    """What `compressed` made small.

    Raises:
        ProtocolError: it is damaged, or of another size than was said.
    """
    stream = zlib.decompressobj()
    try:
        # One byte more than there should be: enough to see that there is more.
        whole = bytearray(stream.decompress(data, expanded + 1))
    except zlib.error as error:
        raise ProtocolError(f"A compressed array is damaged: {error}.") from error
    if len(whole) != expanded or not stream.eof or stream.unused_data:
        raise ProtocolError(f"A compressed array does not hold the {expanded} bytes it should.")
    return whole


def _most_of(size: int) -> int:
    return max(ALWAYS_BYTES, MOST_TIMES * size)
