"""gsplat's CUDA code: compiled once, where a CUDA toolkit is, and never while anyone waits."""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from ..errors import MissingSoftware

NAME = "gsplat_cuda"  # as gsplat has torch call what it compiles
BACKEND = "gsplat.cuda._backend"  # compiles when it is imported, unless that is done
FOLDER = "TORCH_EXTENSIONS_DIR"  # the variable of torch
ADVICE = "Choose the device cpu, or install a CUDA toolkit and try the engine out again."


def compile_gsplat() -> None:
    """Compile it for this computer's GPU, unless that is done; takes minutes.

    Raises:
        MissingSoftware: gsplat, a GPU, a CUDA toolkit or a compiler is not there.
    """
    _require_gpu()
    os.environ.setdefault("MAX_JOBS", str(max(1, (os.cpu_count() or 1) // 2)))  # GB of memory each
    _import_kernels()


def load_gsplat() -> tuple[ModuleType, ModuleType]:
    """The modules gsplat and torch, once it is sure that their CUDA code runs.

    Raises:
        MissingSoftware: see `compile_gsplat`; or it was never called.
    """
    modules = _require_gpu()
    came_compiled = BACKEND in sys.modules or find_spec("gsplat.csrc") is not None
    if not (came_compiled or (_folder() / NAME / (NAME + _extension())).is_file()):
        raise MissingSoftware("gsplat's CUDA code is not compiled.", ADVICE)
    _import_kernels()
    return modules


def _require_gpu() -> tuple[ModuleType, ModuleType]:
    """The modules gsplat and torch; whether gsplat's CUDA code runs is not sure yet."""
    try:
        import gsplat
        import torch
    except ImportError as error:
        raise MissingSoftware(f"Rendering on CUDA needs {error.name}.", ADVICE) from error
    if not torch.cuda.is_available():
        raise MissingSoftware("PyTorch finds no CUDA device.", ADVICE)
    return gsplat, torch


def _import_kernels() -> None:
    """What gsplat and torch do where it is not compiled is to compile it now."""
    os.environ[FOLDER] = str(_folder())
    own = str(Path(sys.executable).parent)  # torch looks for ninja, which was installed beside it
    if own not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", "")])
    try:
        kernels = import_module(BACKEND)._C
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingSoftware(f"gsplat's CUDA code did not compile: {error}.", ADVICE) from error
    if kernels is None:
        raise MissingSoftware("There is no CUDA toolkit to compile gsplat's code with.", ADVICE)


def _folder() -> Path:
    """Where torch keeps what it compiles: in this Python's environment, for its own version."""
    import torch

    return Path(os.environ.get(FOLDER) or Path(sys.prefix) / "compiled" / torch.__version__)


def _extension() -> str:
    """Of the name of what torch compiles."""
    return ".pyd" if sys.platform == "win32" else ".so"
