"""Views kept in a scene's work folder, made up or added, with what they were made for."""

import json
from pathlib import Path

from ..errors import BadInput
from ..files import replacing
from .camera import Camera
from .cameras_json import camera_entry, read_cameras_json
from .json_file import read_json


def save_views(path: Path, cameras: list[Camera], made_for: dict[str, str | int]) -> None:
    """Write a cameras.json whose every entry also says what it was made for.

    Raises:
        BadInput: the file cannot be written.
    """
    entries = [camera_entry(index, camera) | made_for for index, camera in enumerate(cameras)]
    with replacing(path) as file:
        file.write(json.dumps(entries, indent=1).encode("utf-8"))


def saved_views(path: Path, made_for: dict[str, str | int]) -> list[Camera] | None:
    """The saved views; None where there are none, or they were made for something else."""
    try:
        if not all(entry.items() >= made_for.items() for entry in read_json(path)):
            return None
    except (BadInput, AttributeError, TypeError):
        return None
    return read_cameras_json(path)
