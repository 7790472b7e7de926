"""Starts a Blender with a window once and lets it tell how the stories ended."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import window

from benchmarks.synthetic import make_scene, write_scene

PATIENCE_S = 600
THINGS = ("mug", "mug/handle", "teapot", "books", "bottle", "lamp")


@pytest.fixture(scope="session")
def endings(pytestconfig) -> dict[str, str]:
    """How each story ended: "" when all was well, else what went wrong."""
    folder = window.FOLDER
    try:
        command = window.command(Path(__file__).with_name("in_blender.py"), folder)
    except window.NoWindow as reason:
        pytest.skip(f"{reason}")
    shutil.rmtree(folder / "tabletop.saga", ignore_errors=True)  # what was learned in the last run
    scene = make_scene(gaussians=30_000, views=16)
    write_scene(scene, folder / "tabletop.ply")
    truth = {name: np.isin(scene.part_labels, scene.parts_of(name)) for name in THINGS}
    np.savez(folder / "truth.npz", **truth)
    arguments = {
        "extension": str(pytestconfig.getoption("extension").resolve()),
        "engine_python": str(window.ENGINE_PYTHON),
    }
    (folder / "arguments.json").write_text(json.dumps(arguments))
    told = folder / "endings.json"
    told.unlink(missing_ok=True)
    subprocess.run(command, env=window.environment(), timeout=PATIENCE_S, stdout=sys.stderr)
    return json.loads(told.read_text())


def pytest_addoption(parser):
    parser.addoption("--extension", type=Path, help="the built extension, a .zip")
