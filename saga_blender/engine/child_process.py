"""How this process starts others: Pythons that are not Blender's own."""

import os
import subprocess
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console


def clean_environment() -> dict[str, str]:
    """Our environment without what would make another Python load Blender's modules."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }
    return {**ours, "PYTHONUTF8": "1"}  # what it prints can be read


def start_on_leash(
    python: str, command: tuple[str, ...], folder: Path, output: int | IO
) -> subprocess.Popen:
    """Start what ends with this process, and when its stdin is closed, with all it has started.

    Args:
        python: any, which holds the leash.
        command: what is run.
        folder: to run it in.
        output: where what it prints goes, as `subprocess` takes it.
    """
    return subprocess.Popen(
        (python, "-I", LEASH, *command),
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        creationflags=NO_WINDOW,
    )


def last_lines(path: Path, count: int, since: int = 0) -> list[str]:
    """The last lines of a log that say something; none where there is no log (any more).

    Args:
        path: the log.
        count: of the lines, at most.
        since: the byte that they begin behind, at the earliest.
    """
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(log.tell() - (1 << 14), since))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()][-count:]
