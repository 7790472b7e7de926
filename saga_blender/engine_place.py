"""Where the engine is: installed by the add-on, or in a Python of the person's own."""

from pathlib import Path

import bpy

from ..backend.errors import BadInput
from .installation.environment import Environment
from .preferences import EXTENSION, preferences

PACKAGE_ROOT = Path(__file__).resolve().parents[1]  # the folder that holds backend/


def environment() -> Environment:
    """The environment that the add-on installs, whether it is there or not."""
    return Environment(_folder() / "engine", PACKAGE_ROOT)


def weights_folder() -> Path:
    """Where fetched weights are kept."""
    return _folder() / "weights"


def _folder() -> Path:
    chosen = bpy.path.abspath(preferences().engine_folder)
    return Path(chosen or bpy.utils.extension_path_user(EXTENSION))


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
