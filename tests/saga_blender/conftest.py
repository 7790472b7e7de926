"""Blender without a window, with the extension installed from its zip as a person would."""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sshd

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "bl_ext.user_default.saga_blender"

RESOURCES = Path(tempfile.mkdtemp(prefix="saga-blender-tests-"))
os.environ["BLENDER_USER_RESOURCES"] = str(RESOURCES)  # Blender looks when bpy is imported


def pytest_unconfigure() -> None:
    shutil.rmtree(RESOURCES, ignore_errors=True)


@pytest.fixture(scope="session")
def extension_zip() -> Path:
    """The extension, freshly built with Blender's own tool."""
    command = [sys.executable, ROOT / ".ci" / "build_zip.py"]
    return Path(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    )


@pytest.fixture(scope="session")
def traces():
    """A function that lists everything an add-on can leave behind in Blender."""
    import bpy

    def listed() -> dict[str, object]:
        draws = {
            name: len(getattr(getattr(cls, "draw", None), "_draw_funcs", [0]))
            for name in dir(bpy.types)
            if (cls := getattr(bpy.types, name, None))
        }
        handlers = {
            name: len(functions)
            for name in dir(bpy.app.handlers)
            if isinstance(functions := getattr(bpy.app.handlers, name), list)
        }
        owners = ("Scene", "Object", "PointCloud", "WindowManager", "Screen", "WorkSpace")
        properties = {
            name: set(getattr(bpy.types, name).bl_rna.properties.keys()) for name in owners
        }
        operators = {name: set(dir(getattr(bpy.ops, name))) for name in dir(bpy.ops)}
        keymaps = {
            (config.name, keymap.name): len(keymap.keymap_items)
            for config in bpy.context.window_manager.keyconfigs
            for keymap in config.keymaps
        }
        tools = importlib.import_module("bl_ui.space_toolsystem_toolbar")
        toolbar = repr(tools.VIEW3D_PT_tools_active._tools["OBJECT"])
        threads = {thread.name for thread in threading.enumerate()}
        return locals() | {"types": set(dir(bpy.types))}

    return listed


@pytest.fixture(scope="session")
def untouched(traces) -> dict[str, object]:
    """What Blender holds before the extension is installed."""
    return traces()


@pytest.fixture(scope="session")
def installed(extension_zip, untouched):
    """The extension installed and enabled, through Blender's own operator."""
    import bpy

    bpy.ops.extensions.package_install_files(
        filepath=str(extension_zip), repo="user_default", enable_on_install=True
    )
    assert EXTENSION in bpy.context.preferences.addons


@pytest.fixture
def addon(installed):
    """An empty file with the extension on; called with a name it gives that module of it."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return lambda name: importlib.import_module(f"{EXTENSION}.{name}")


@pytest.fixture(scope="module")
def shared_engine(installed):
    """Ends the engine after the tests of a module, which share it: a start takes seconds."""
    yield
    importlib.import_module(f"{EXTENSION}.saga_blender.engine.session").session.close()


@pytest.fixture
def engine(addon, shared_engine):
    """The preferences set to the engine's Python."""
    python = Path(os.environ.get("SAGA_ENGINE_PYTHON", ROOT / ".venv" / "bin" / "python"))
    if not python.exists():
        pytest.skip(f"the engine's Python is not at {python}: run `make setup`")
    name = "saga_blender.preferences"
    chosen = addon(name).preferences()
    chosen.engine_python, chosen.device = str(python), "cpu"
    yield
    # Asked for anew: where a test enabled the add-on again, the old ones are freed memory.
    chosen = importlib.import_module(f"{EXTENSION}.{name}").preferences()
    chosen.engine_python = ""


@pytest.fixture
def talk(addon, monkeypatch):
    """A session with the engine that does as it is told, and a function that waits."""
    python = Path(os.environ.get("SAGA_ENGINE_PYTHON", ROOT / ".venv" / "bin" / "python"))
    if not python.exists():
        pytest.skip(f"the engine's Python is not at {python}: run `make setup`")
    module, place = (addon(f"saga_blender.engine.{name}") for name in ("session", "place"))
    monkeypatch.setattr(place, "PACKAGE_ROOT", ROOT / "tests" / "stand_in")
    chosen = addon("saga_blender.preferences").preferences()
    chosen.engine_python = str(python)

    def finish():
        deadline = time.monotonic() + 20
        while module.session.drain():
            assert time.monotonic() < deadline, "nothing came"
            time.sleep(0.005)

    module.session.close()
    yield module.session, finish
    module.session.close()
    chosen.engine_python = ""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real SSH server, of an ordinary user."""
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def splat_rows(count: int, degree: int = 3, extra: dict[str, str] | None = None) -> np.ndarray:
    """Random finite Gaussians as rows of a .ply, in the reference trainer's order of columns."""
    rest = [f"f_rest_{i}" for i in range(3 * ((degree + 1) ** 2 - 1))]
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", *rest, "opacity"]
    names += ["scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    rows = np.zeros(count, [(name, "<f4") for name in names] + list((extra or {}).items()))
    rng = np.random.default_rng(count)
    for name in rows.dtype.names:
        if rows.dtype[name].kind == "f":
            rows[name] = rng.normal(size=count)
        else:  # every bit pattern
            rows[name] = rng.integers(0, 256, count * rows.dtype[name].itemsize, np.uint8).view(
                rows.dtype[name]
            )
    return rows


def write_rows(path: Path, rows: np.ndarray, text: bool = False) -> Path:
    """Write rows as a .ply by the letter of the format."""
    kinds = {"f4": "float", "f8": "double", "u1": "uchar", "i1": "char"}
    kinds |= {"i2": "short", "u2": "ushort", "i4": "int", "u4": "uint"}
    lines = ["ply", f"format {'ascii' if text else 'binary_little_endian'} 1.0"]
    lines += [f"element vertex {len(rows)}"]
    lines += [f"property {kinds[rows.dtype[n].str[1:]]} {n}" for n in rows.dtype.names]
    header = "\n".join([*lines, "end_header\n"]).encode()
    body = "".join(" ".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()
    path.write_bytes(header + (body if text else rows.tobytes()))
    return path


def read_rows(path: Path, dtype: np.dtype) -> np.ndarray:
    """The rows of a binary .ply, which must have exactly the columns of `dtype`."""
    header, _, body = path.read_bytes().partition(b"end_header\n")
    names = [line.split()[-1].decode() for line in header.splitlines() if line[:9] == b"property "]
    assert names == list(dtype.names)
    return np.frombuffer(body, dtype)


@pytest.fixture
def ply() -> SimpleNamespace:
    """The helpers above that make, write and read rows."""
    return SimpleNamespace(rows=splat_rows, write=write_rows, read=read_rows)
