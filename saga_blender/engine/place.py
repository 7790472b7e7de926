"""Where the engine is: installed by the add-on, in a Python of the person's own, or elsewhere."""

from pathlib import Path

import bpy

from ...backend.errors import BadInput
from ..installation.environment import Environment
from ..preferences import EXTENSION, preferences
from .over_ssh import OverSsh
from .process import OnThisComputer

PACKAGE_ROOT = Path(__file__).resolve().parents[2]  # the folder that holds backend/

STANDS = {  # what is said of the environment's state, and what can be done about it
    "missing": ("The engine is not installed", "Install Engine"),
    "unfinished": ("The engine's installation was interrupted", "Go On Installing"),
    "outdated": ("The engine's packages changed with this update", "Update Engine"),
    "broken": ("The Blender that the engine was installed with is gone", "Repair Engine"),
    "ready": ("The engine is installed", "Repair Engine"),
}


def environment() -> Environment:
    """The environment that the add-on installs, whether it is there or not."""
    return Environment(_folder() / "engine", PACKAGE_ROOT)


def weights_folder() -> Path:
    """Where fetched weights are kept: for an engine elsewhere, in its private folder there."""
    return Path("weights") if is_elsewhere() else _folder() / "weights"


def is_elsewhere() -> bool:
    """Whether the engine is on another computer."""
    return preferences().engine_on == "SSH"


def is_installed_here() -> bool:
    """Whether the engine that is asked is the one that the add-on installs."""
    return not (is_elsewhere() or preferences().engine_python)


def why_no_engine() -> tuple[str, str] | None:
    """What is amiss with the engine, and what can be done about it in the preferences."""
    chosen = preferences()
    if is_elsewhere():
        known = chosen.ssh_host and chosen.ssh_folder
        return None if known else ("The engine's place is not known", "Say Where the Engine Is")
    ready = chosen.engine_python or (state := environment().state) == "ready"
    return None if ready else STANDS[state]


def why_out_of_reach() -> str:
    """What keeps the engine from being asked, or ""; one of before an update still can be."""
    amiss = why_no_engine()
    if is_elsewhere():
        if not bpy.app.online_access:
            return "Allow Online Access first (Preferences > System)"
        return "Give the host and the folder there first" if amiss else ""
    return "" if amiss in (None, STANDS["outdated"]) else amiss[0]


def engine_place() -> OnThisComputer | OverSsh:
    """Where to start the engine.

    Raises:
        BadInput: there is none, or nothing may be reached over the network.
    """
    if not is_elsewhere():
        return OnThisComputer(engine_python(), PACKAGE_ROOT)
    if not bpy.app.online_access:
        raise BadInput(
            "Blender may not use the network, so the engine on another computer is out of reach.",
            "Allow Online Access (Preferences > System), or use the engine on this computer.",
        )
    chosen = preferences()
    return OverSsh(chosen.ssh_host.strip(), chosen.ssh_folder.strip(), chosen.ssh_python.strip())


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
