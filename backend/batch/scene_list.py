"""Which scenes a batch is of."""

from pathlib import Path

from ..errors import BadInput


def read_list(file: Path) -> list[Path]:
    """The splats that a text file names, a line each, as seen from the file.

    Raises:
        BadInput: there is no such file, or it is no text.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()  # Notepad begins with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is no list of scenes.", "Save it as text in UTF-8.") from error
    return [file.parent / line.strip() for line in lines if line.strip()]
