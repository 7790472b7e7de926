"""What ten clicks cost in undo memory. Needs no window, but the Python of an environment with bpy:

    python benchmarks/undo.py EXTENSION.zip [--gaussians 1000000]

Ten selections are made, each with its undo step, as clicks make them. The last
line printed is JSON: how much the process has grown beyond the splat itself.
"""

import argparse
import importlib
import json
import os
import resource
import tempfile
from pathlib import Path

import numpy as np

os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="saga-undo-")  # before bpy
import bpy

EXTENSION = "bl_ext.user_default.saga_blender"
CLICKS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extension", type=Path, help="the built extension, a .zip")
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    arguments = parser.parse_args()
    bpy.ops.extensions.package_install_files(
        filepath=str(arguments.extension.resolve()), repo="user_default", enable_on_install=True
    )
    empty = resident_mb()
    add_splat(arguments.gaussians)
    bpy.ops.ed.undo_push(message="Import")
    click(0)  # the first undo step keeps the one copy that is allowed for
    splat = resident_mb()
    for number in range(1, CLICKS + 1):
        click(number)
    clicked = resident_mb()
    for _ in range(CLICKS):
        bpy.ops.ed.undo()
    undone = selected()
    assert undone == expected(0, arguments.gaussians), "undo did not bring the first click back"
    print(f"{arguments.gaussians:,} Gaussians: {splat - empty:.0f} MB with one undo step")
    print(f"after {CLICKS} clicks: {clicked - splat:.0f} MB more")
    print(json.dumps({"undo_mb": round(clicked - splat, 1), "splat_mb": round(splat - empty, 1)}))


def add_splat(count: int) -> None:
    """A ball of Gaussians of degree 3 as the active object."""
    cloud = importlib.import_module(f"{EXTENSION}.backend.gaussians.cloud")
    attributes = importlib.import_module(f"{EXTENSION}.saga_blender.gaussian_attributes")
    rng = np.random.default_rng(0)
    shapes = ((count, 3), (count, 4), (count, 3), (count,), (count, 16, 3))
    fields = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
    data = attributes.to_point_cloud(cloud.GaussianCloud(*fields), "ball", "")
    obj = bpy.data.objects.new("ball", data)
    bpy.context.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj


def click(number: int) -> None:
    """Select otherwise, with an undo step, as the answer to a click does."""
    splat_object = importlib.import_module(f"{EXTENSION}.saga_blender.splat_object")
    data = bpy.context.view_layer.objects.active.data
    found = np.random.default_rng(number).random(len(data.points)) < 0.1
    splat_object.set_selection(data, found)
    bpy.ops.ed.undo_push(message="Click")


def selected() -> int:
    splat_object = importlib.import_module(f"{EXTENSION}.saga_blender.splat_object")
    return int(splat_object.selection(bpy.data.objects["ball"].data).sum())


def expected(number: int, count: int) -> int:
    return int((np.random.default_rng(number).random(count) < 0.1).sum())


def resident_mb() -> float:
    """Memory of this process now; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


main()
