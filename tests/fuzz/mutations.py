"""Breaking a sound file in ways that know a little of how it is built."""

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_BYTES = 1 << 16  # what repetition makes of a file
TOKEN = re.compile(rb'"[^"\\]*"|[-+.\w]+')  # a number, a word, a JSON string

# What a number, a word or a value may be replaced with.
TOKENS = (
    *(b"0", b"-1", b"1", b"0.5", b"-0.0", b"2147483648", b"-2147483649", b"9223372036854775808"),
    *(b"18446744073709551615", b"1e308", b"1e999", b"nan", b"NaN", b"-inf", b"Infinity", b"1_0"),
    *(b"9" * 400, b"9" * 5000, b"", b'""', b"null", b"true", b"[]", b"{}", b"[[1, 2], 3]"),
    *(b'{"a": 1}', b'"x"', b'"\\ud800"', b'"\\u0000"', b'"../../x"', b"//host/x.png", b"\xff"),
    *(b"[" * 3000, b"(" * 3000, b"object", b"|O", b"<f8", b"F64", b"list uchar int", b"chunk"),
)
_INTEGERS = (0, 1, -1, 0xFF, 0xFFFF, 2**31, 2**31 - 1, 2**32 - 1, 2**63, 2**63 - 1, 2**64 - 1)
_REALS = (0.0, -1.0, float("nan"), float("inf"), 1e30, 1e-40)
# The same in binary files, at every width.
NUMBERS = tuple(
    {
        *(
            (n % 2 ** (8 * size)).to_bytes(size, "little")
            for n in _INTEGERS
            for size in (1, 2, 4, 8)
        ),
        *(struct.pack(kind, x) for x in _REALS for kind in ("<f", "<d")),
    }
)


@dataclass(frozen=True)
class Seed:
    """A sound file: parts that are broken one by one, and what then makes them fit together."""

    parts: tuple[bytes, ...]
    join: Callable[[Sequence[bytes]], bytes] = b"".join  # writes lengths and checksums that fit


def _at(data: bytes, place: int) -> int:
    """A position in `data`, its end included; `place` is 16 bits of it."""
    return place * (len(data) + 1) >> 16


def _flip(data: bytes, place: int, amount: int, _junk: bytes) -> bytes:
    at = _at(data[1:], place)
    return data[:at] + bytes([data[at] ^ (1 << amount % 8)]) + data[at + 1 :] if data else data


def _overwrite(data: bytes, place: int, amount: int, _junk: bytes) -> bytes:
    at, number = _at(data, place), NUMBERS[amount % len(NUMBERS)]
    return data[:at] + number + data[at + len(number) :]


def _insert(data: bytes, place: int, _amount: int, junk: bytes) -> bytes:
    at = _at(data, place)
    return data[:at] + junk + data[at:]


def _truncate(data: bytes, place: int, _amount: int, _junk: bytes) -> bytes:
    return data[: _at(data, place)]


def _delete(data: bytes, place: int, amount: int, _junk: bytes) -> bytes:
    at = _at(data, place)
    return data[:at] + data[at + amount :]


def _repeat(data: bytes, place: int, amount: int, junk: bytes) -> bytes:
    at, times = _at(data, place), 4 ** len(junk)
    return data[:at] + data[at : at + amount] * times + data[at + amount :]


def _replace_token(data: bytes, place: int, amount: int, _junk: bytes) -> bytes:
    tokens = list(TOKEN.finditer(data))
    if not tokens:
        return data
    start, end = tokens[place * len(tokens) >> 16].span()
    return data[:start] + TOKENS[amount % len(TOKENS)] + data[end:]


def _copy_token(data: bytes, place: int, amount: int, _junk: bytes) -> bytes:
    tokens = list(TOKEN.finditer(data))
    if not tokens:
        return data
    start, end = tokens[place * len(tokens) >> 16].span()
    return data[:start] + tokens[amount % len(tokens)][0] + data[end:]


KINDS = (_flip, _overwrite, _insert, _truncate, _delete, _repeat, _replace_token, _copy_token)
_EDIT = struct.Struct("<BBHBxBx")  # part, kind, place, amount, length of the junk before it
MOST_EDITS = 4


def broken(seed: Seed, said: bytes) -> bytes:
    """The file after up to `MOST_EDITS` edits; any bytes say which, eight for each of them."""
    parts, afterwards = list(seed.parts), []
    said = said[: MOST_EDITS * _EDIT.size]
    for start in range(0, len(said) - _EDIT.size + 1, _EDIT.size):
        part, kind, place, amount, size = _EDIT.unpack_from(said, start)
        edit = KINDS[kind % len(KINDS)], place, amount, said[start : start + size % 6]
        part %= len(parts) + 1
        if part == len(parts):
            afterwards.append(edit)
        else:
            parts[part] = _edited(parts[part], *edit)
    data = seed.join(parts)
    for edit in afterwards:
        data = _edited(data, *edit)
    return data


def _edited(data: bytes, kind: Callable, place: int, amount: int, junk: bytes) -> bytes:
    return kind(data, place, amount, junk)[:MOST_BYTES]
