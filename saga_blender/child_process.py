"""How this process starts others: Pythons that are not Blender's own."""

import os
import subprocess
from pathlib import Path

NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console


def clean_environment() -> dict[str, str]:
    """Our environment without what would make another Python load Blender's modules."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }
    return {**ours, "PYTHONUTF8": "1"}  # what it prints can be read


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
