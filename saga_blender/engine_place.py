"""Where the engine is: installed by the add-on, or in a Python of the person's own."""

from pathlib import Path

import bpy

from ..backend.errors import BadInput
from .installation.environment import Environment
from .preferences import EXTENSION, preferences

PACKAGE_ROOT = Path(__file__).resolve().parents[1]  # the folder that holds backend/


def environment() -> Environment:
    """The environment that the add-on installs, whether it is there or not."""
    chosen = bpy.path.abspath(preferences().engine_folder)
    folder = Path(chosen or bpy.utils.extension_path_user(EXTENSION))
    return Environment(folder / "engine", PACKAGE_ROOT)


def engine_python() -> str:
    """The engine's Python.

    Raises:
        BadInput: there is none.
    """
    chosen = bpy.path.abspath(preferences().engine_python)
    if chosen:
        return chosen
    place = environment()
    if place.state not in ("ready", "outdated"):
        raise BadInput(
            "The engine is not installed.", "Install it: a button in the add-on's preferences."
        )
    return str(place.python)
