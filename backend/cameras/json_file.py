"""Files of JSON that someone else wrote."""

from pathlib import Path

from ..errors import BadInput
from ..json_text import parse_json

MOST_BYTES = 1 << 26  # as many views as are read, of 3 KB each
# What a value of the wrong kind in the right place leads to.
WRONG_VALUE = (KeyError, TypeError, ValueError, OverflowError)


def read_json(path: Path) -> object:
    """What a file says.

    Raises:
        BadInput: it cannot be read, is no JSON, or larger than `MOST_BYTES`.
    """
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise ValueError(f"{size:,} bytes are too many")
        return parse_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read ({error}).", "Copy or export it again.") from error
