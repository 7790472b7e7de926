"""The parts of the add-on that need no Blender, imported without one."""

import importlib
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def load(name: str) -> types.ModuleType:
    """A module of the project, "saga_blender.engine.client", nested as Blender nests it.

    `saga_blender/__init__.py`, which needs bpy, is not run.
    """
    for package, folder in (("nested", ROOT), ("nested.saga_blender", ROOT / "saga_blender")):
        module = types.ModuleType(package)
        module.__path__ = [str(folder)]
        sys.modules.setdefault(package, module)
    return importlib.import_module(f"nested.{name}")
