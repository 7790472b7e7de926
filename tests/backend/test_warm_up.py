"""What the installer runs once must leave nothing to compile for the artist's first training."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from two_balls import write_two_balls

from backend.warm_up import warm_up

SCRIPT = """
import sys
from numba.core.dispatcher import Dispatcher
from backend.engine import Engine
from backend.protocol import Train
from backend.warm_up import warm_up

def kernels():
    modules = [module for name, module in sys.modules.items() if name.startswith("backend.")]
    found = {v for module in modules for v in vars(module).values() if isinstance(v, Dispatcher)}
    return {f"{kernel.__name__}{s}" for kernel in found for s in kernel.signatures}

print(warm_up())
warm = kernels()
Engine("cpu").handle(Train(scene=sys.argv[1], steps=2))
print(sorted(kernels() - warm), len(warm))
"""


def test_a_training_after_the_warm_up_compiles_nothing(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(write_two_balls(tmp_path))]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    said, compiled = done.stdout.splitlines()
    assert said.startswith("The engine works")
    new, count = compiled.rsplit(" ", 1)
    assert int(count) > 15
    assert new == "[]"


@pytest.mark.usefixtures("gsplat_on_gpu")
def test_a_gpu_is_tried_out_with_what_draws_views_on_it():
    said = warm_up()
    assert " on cuda." in said and "gsplat draws views there" in said


@pytest.mark.usefixtures("pretended_gpu")
def test_where_gsplat_cannot_be_compiled_the_cpu_draws_views(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "")  # with no compiler
    said = warm_up()
    assert " on cuda." in said and "Views are drawn on the CPU: " in said
    assert shutil.which("ninja")  # what compiles finds it beside the engine's Python
