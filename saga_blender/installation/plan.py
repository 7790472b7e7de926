"""What is installed on this machine, and by which commands."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ..engine.child_process import NO_WINDOW

CUDA_DRIVER = 580  # the oldest NVIDIA driver that runs CUDA 13, which our torch is built for
CUDA_CAPABILITY = 7.5  # the oldest cards that it has code for (Turing)
UV_LOCK = "requirements/uv.lock"
TORCH_INDEX = "https://download.pytorch.org/whl/"  # builds of torch that PyPI does not have


@dataclass(frozen=True)
class Build:
    """One of the builds of torch."""

    name: str  # of its lock file: requirements/torch-NAME.lock
    download_gb: float
    disk_gb: float
    why: str = ""  # it was chosen, in a sentence
    local: str = ""  # "cpu" or "cu130" where PyTorch's own index has it, else ""


CPU = Build("cpu", 0.4, 1.6)
CUDA = Build("cuda", 2.9, 7.5)


@dataclass(frozen=True)
class Step:
    """A part of the installation: the first of its commands that works is enough."""

    label: str
    commands: tuple[tuple[str, ...], ...]


def choose_build() -> Build:
    """The build for this machine: CUDA where there is an NVIDIA card that it runs on."""
    card = _graphics_card()
    on_linux = sys.platform == "linux"
    if card is None:
        why = "No NVIDIA graphics card was found: the engine will compute on the processor."
    elif card.capability < CUDA_CAPABILITY:
        why = f"{card.name} is too old for this engine, which will compute on the processor."
    elif card.driver < CUDA_DRIVER:
        why = (
            f"The driver of {card.name} is version {card.driver}. Update it to {CUDA_DRIVER} or "
            "newer first, or the engine will compute on the processor."
        )
    else:
        why = f"It will compute on {card.name}."
        return replace(CUDA, why=why, local="" if on_linux else "cu130")
    return replace(CPU, why=why, local="cpu" if on_linux else "")


def steps(environment: Path, base_python: str, build: Build, package_root: Path) -> list[Step]:
    """How to make the environment, or to go on where making it was interrupted.

    Args:
        environment: folder of the virtual environment.
        base_python: the interpreter that it is made from, such as Blender's.
        build: see `choose_build`.
        package_root: the folder that holds requirements/ and backend/.
    """
    python = str(python_of(environment))
    cache = str(cache_of(environment))
    # The lock is complete, so nothing is to be resolved; wheels only, so nothing is compiled.
    pip = (python, "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary=:all:")
    pip += ("--no-input", "--progress-bar=off", "--retries=2", "--cache-dir", cache)
    uv = (python, "-m", "uv", "pip", "install", "--no-deps", "--require-hashes", "--no-build")
    uv += ("--no-progress", "--no-config", "--python", python, "--cache-dir", cache)
    common, torch = (("-r", str(lock)) for lock in lock_files(build.name, package_root))
    uv_torch = (f"--torch-backend={build.local}",) if build.local else ()
    pip_torch = ("--extra-index-url", TORCH_INDEX + build.local) if build.local else ()
    return [
        Step("Making the environment", ((base_python, "-m", "venv", str(environment)),)),
        # Where uv cannot be had, pip does its work.
        Step("Fetching the installer", ((*pip, "-r", str(package_root / UV_LOCK)), (python, "-V"))),
        Step("Installing packages", ((*uv, *common), (*pip, *common))),
        Step("Installing PyTorch", ((*uv, *uv_torch, *torch), (*pip, *pip_torch, *torch))),
        Step("Trying it out", (warm_up(environment),)),
    ]


def warm_up(environment: Path) -> tuple[str, ...]:
    """The command that tries the engine out and compiles what it needs."""
    return str(python_of(environment)), "-m", "backend.warm_up", str(warmed_up(environment))


def warmed_up(environment: Path) -> Path:
    """The file that was touched when the engine was last tried out."""
    return environment / "warm"


def lock_files(build: str, package_root: Path) -> list[Path]:
    """The lock files that an environment with this build of torch is made of."""
    return [package_root / "requirements" / f"{n}.lock" for n in ("engine", f"torch-{build}")]


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    windows = sys.platform == "win32"
    return environment / ("Scripts/python.exe" if windows else "bin/python")


def cache_of(environment: Path) -> Path:
    """Where downloads wait for an interrupted installation to go on."""
    return environment / "downloads"


@dataclass(frozen=True)
class _Card:
    name: str
    driver: int
    capability: float


def _graphics_card() -> _Card | None:
    """The first NVIDIA card, as its driver's own tool describes it."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        ran = subprocess.run(
            query, capture_output=True, text=True, timeout=10, creationflags=NO_WINDOW
        )
        name, driver, capability = ran.stdout.splitlines()[0].rsplit(", ", 2)
        return _Card(name, int(driver.partition(".")[0]), float(capability))
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return None  # no driver, or one that is too old to say
