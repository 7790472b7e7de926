"""Makes one of the project's environments: python .ci/setup.py engine|bpy45|bpy50|...

Runs with the standard library of Python 3.11 or newer and does the rest itself. The
engine is installed as the add-on installs it, from the same lock files.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from without_blender import load

ROOT = Path(__file__).resolve().parent.parent
# Without a desktop, Debian lacks the shared libraries that Blender's module links to.
BLENDER_LIBRARIES = "libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libgl1 libegl1"


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what goes into it."""

    folder: Path
    python: tuple[int, int]
    requirements: str  # what is added to a fresh environment, or to the engine's
    module: str  # imports when all is well
    optional: bool = False  # left out, said aloud, where its Python is missing


ENVIRONMENTS = {
    "engine": Environment(ROOT / ".venv", (3, 11), "dev.txt", "torch"),
    "bpy45": Environment(ROOT / ".venv-bpy45", (3, 11), "bpy45.txt", "bpy"),
    "bpy50": Environment(ROOT / ".venv-bpy50", (3, 11), "bpy50.txt", "bpy"),
    "bpy51": Environment(ROOT / ".venv-bpy51", (3, 13), "bpy51.txt", "bpy", optional=True),
    "bpy52": Environment(ROOT / ".venv-bpy52", (3, 13), "bpy52.txt", "bpy", optional=True),
    "bpynewest": Environment(ROOT / ".venv-bpynewest", (3, 13), "bpynewest.txt", "bpy"),
}


def find_python(version: tuple[int, int]) -> str | None:
    """Path of an interpreter of exactly this version, None where there is none."""
    name = "{}.{}".format(*version)
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{name}*/bin/python"))
    for candidate in [sys.executable, f"python{name}", "python3", *map(str, pyenv)]:
        if not shutil.which(candidate):
            continue
        # pyenv's shims are there for versions that are not switched on: only a run tells.
        say = f"import sys; print(sys.version_info[:2] == {version}, sys.executable)"
        ran = subprocess.run([candidate, "-c", say], capture_output=True, text=True)
        answer, _, executable = ran.stdout.strip().partition(" ")
        if answer == "True":
            return executable
    return None


def make(environment: Environment, python: str) -> None:
    """Make the environment afresh and install its pinned packages."""
    print(f"Making {environment.folder.name} ...", flush=True)
    shutil.rmtree(environment.folder, ignore_errors=True)
    if environment.module == "torch":
        install_engine(environment.folder, python)
    else:
        subprocess.run([python, "-m", "venv", environment.folder], check=True)
    packages = ["-r", ROOT / "requirements" / environment.requirements]
    pip = [environment.folder / "bin/python", "-m", "pip"]
    subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", *packages], check=True
    )


def install_engine(folder: Path, python: str) -> None:
    """What the add-on's button does, in the foreground."""
    plan = load("saga_blender.installation.plan")
    build = plan.choose_build()
    print(build.why, flush=True)
    for step in plan.steps(folder, python, build, ROOT):
        if all(subprocess.run(command, cwd=ROOT).returncode for command in step.commands):
            raise subprocess.CalledProcessError(1, step.label)
    shutil.rmtree(plan.cache_of(folder), ignore_errors=True)


def import_failure(environment: Environment) -> str:
    """The last line of what importing the environment's main module says, "" when it works."""
    ran = subprocess.run(
        [environment.folder / "bin/python", "-c", f"import {environment.module}"],
        capture_output=True,
        text=True,
    )
    return ran.stderr.strip().splitlines()[-1] if ran.returncode else ""


def install_blender_libraries() -> None:
    """Install the shared libraries that `bpy` needs, where that can be done without asking."""
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        sys.exit(
            "Blender's module needs shared libraries of your system. On Debian or Ubuntu:\n"
            f"  sudo apt-get install {BLENDER_LIBRARIES}"
        )
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "check": True}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    subprocess.run(["apt-get", "install", "-qq", "-y", *BLENDER_LIBRARIES.split()], **quiet)


def main(name: str) -> None:
    environment = ENVIRONMENTS[name]
    version = "{}.{}".format(*environment.python)
    python = find_python(environment.python)
    if python is None:
        missing = f"{environment.folder.name} needs Python {version}, which is not here"
        if environment.optional:
            print(f"LEFT OUT: {missing}. Its tests do not run.")
            return
        sys.exit(f"{missing}: install it (python{version} on the PATH) and try again.")
    try:
        make(environment, python)
    except subprocess.CalledProcessError as error:  # which has said why
        sys.exit(f"{environment.folder.name} could not be made: exit code {error.returncode}.")
    failure = import_failure(environment)
    if "cannot open shared object file" in failure:
        install_blender_libraries()
        failure = import_failure(environment)
    if failure:
        sys.exit(f"{environment.folder.name} does not work: {failure}")
    (environment.folder / "ready").touch()


if __name__ == "__main__":
    main(sys.argv[1])
