"""What is read and written, checked before the work begins."""

import os
from pathlib import Path

from ..errors import BadInput


def check_inputs(*paths: str) -> None:
    """Raises BadInput where one of them does not exist; "" stands for none."""
    for path in filter(None, paths):
        if not Path(path).exists():
            raise BadInput(f"{path} does not exist.", "Check the path.")


def checked_output(path: str, scene: str, *suffixes: str) -> Path:
    """A path with one of the suffixes, that can be written and is not the scene's.

    Raises:
        BadInput: it is not so.
    """
    output = Path(path)
    if output.suffix.lower() not in suffixes:
        raise BadInput(f"{path} must end in {' or '.join(suffixes)}.", "Rename it.")
    if not output.parent.is_dir():
        raise BadInput(f"There is no folder {output.parent}.", "Make it first.")
    if output.exists() and output.samefile(scene):
        raise BadInput(f"{path} is the scene itself.", "Choose another name.")
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise BadInput(f"{path} cannot be written.", "Choose another name or folder.")
    return output
