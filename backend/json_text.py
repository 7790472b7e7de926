"""JSON from strangers: refused where it would take much more memory than its text."""

import json
import sys

TIMES = 10  # the size of the text in memory, and
SLACK = 32 << 20  # bytes on top, which nobody notices
# Bytes that CPython spends at most on what these begin: an object, a list, half of a string,
# a number with its place in a list.
_COSTS = {"{": 250, "[": 105, '"': 36, ",": 41}


def parse_json(text: str) -> object:
    """What a text says.

    Raises:
        ValueError: it is no JSON, nested too deep, or so full of empty things that reading it
            could take more than `TIMES` its size.
    """
    cost = sum(bytes * text.count(sign) for sign, bytes in _COSTS.items())
    if cost + sys.getsizeof(text) > TIMES * len(text) + SLACK:
        raise ValueError("it holds more brackets than values")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
