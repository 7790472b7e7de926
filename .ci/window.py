"""Runs a script in a Blender with a window: python .ci/window.py SCRIPT [ARGUMENTS].

Blender 5.2 and its virtual screen live in a small Debian of their own, made once
for all checkouts. The project's folder has the same path in there, and the
engine runs outside of it, with the Python that runs this.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT.parent / "shared" / "tools" / "blender-window"
FOLDER = ROOT / "build" / "gui"
ENGINE_PYTHON = FOLDER / "engine-python"  # what to set in the add-on's preferences
NO_WINDOW = 77  # exit code where there can be no window

# Mounts that nobody else sees, gone with the process: the project, and all of the outside.
_MOUNTED = """
mkdir -p "$1/outside" "$1$2"
mount --rbind / "$1/outside"
mount --rbind "$2" "$1$2"
for folder in dev proc sys; do mount --rbind "/$folder" "$1/$folder"; done
tool=$3 system=$1; shift 3
exec "$tool" run "$system" "$@"
"""


class NoWindow(Exception):
    """Here no Blender can show a window; says why."""


def blender_system() -> Path:
    """The folder of the Debian that has Blender; made at the first time, in minutes."""
    if not TOOL.is_file():
        raise NoWindow(f"{TOOL.name}, which makes a Blender with a window, is not at {TOOL}")
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoWindow(f"{TOOL.name} needs Linux and root")
    made = subprocess.run([TOOL, "setup", "sid"], stdout=subprocess.PIPE, text=True)
    if made.returncode:
        raise NoWindow(f"{TOOL.name} could not make its system: exit code {made.returncode}")
    return Path(made.stdout.strip().splitlines()[-1])


def command(script: Path, *arguments: object) -> list[str]:
    """What to run for a script to run in a Blender with a window.

    Raises:
        NoWindow
    """
    system = blender_system()
    FOLDER.mkdir(parents=True, exist_ok=True)
    ENGINE_PYTHON.write_text(
        '#!/bin/sh\nexec chroot /outside sh -c \'cd "$0" && exec "$@"\' '
        f'"$PWD" {shlex.quote(sys.executable)} "$@"\n',
        encoding="utf-8",
    )
    ENGINE_PYTHON.chmod(0o755)
    mounted = ["unshare", "--mount", "sh", "-ec", _MOUNTED, "sh", system, ROOT, TOOL]
    blender = ["--factory-startup", "--enable-event-simulate", "--python", script.resolve(), "--"]
    return [str(part) for part in (*mounted, *blender, *arguments)]


def environment() -> dict[str, str]:
    """Ours, with Blender's own files inside the project, where the engine sees them too."""
    return {**os.environ, "BLENDER_USER_RESOURCES": str(FOLDER / "user")}


if __name__ == "__main__":
    try:
        line = command(Path(sys.argv[1]), *sys.argv[2:])
    except NoWindow as reason:
        print(f"LEFT OUT: {reason}.")
        sys.exit(NO_WINDOW)
    sys.exit(subprocess.run(line, env=environment()).returncode)
