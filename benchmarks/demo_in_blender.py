"""The line of the demo in Blender without a window: install, import, train, click, split, export.

Run by benchmarks.demo with a Python that has bpy; everything goes through the
extension's operators and a real engine process.
"""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

EXTENSION = "bl_ext.user_default.saga_blender"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extension", type=Path, help="the built extension, a .zip")
    parser.add_argument("engine_python", type=Path)
    parser.add_argument("scene", type=Path, help=".ply with cameras.json and masks beside it")
    parser.add_argument("--ray", type=float, nargs=6, help="the click, in the frame of the .ply")
    parser.add_argument("--scale", type=float, help="of the click")
    parser.add_argument("--steps", type=int, default=0, help="of training; 0: the recipe's own")
    parser.add_argument("--truth", type=Path, help=".npy: which Gaussians were meant")
    parser.add_argument("--output", type=Path, help="folder for the two exported objects")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="saga-demo-") as resources:
        os.environ["BLENDER_USER_RESOURCES"] = resources  # read when bpy is imported
        run(arguments)


def run(arguments: argparse.Namespace) -> None:
    """Do what an artist does, and check what comes of it."""
    import bpy
    from mathutils import Vector

    print(f"\nBlender {bpy.app.version_string}", flush=True)
    bpy.ops.extensions.package_install_files(
        filepath=str(arguments.extension.resolve()), repo="user_default", enable_on_install=True
    )
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.engine_python = str(arguments.engine_python)

    arguments.output.mkdir(exist_ok=True)
    copy = shutil.copy(arguments.scene, arguments.output)  # so that this is a scene of its own
    bpy.ops.import_scene.saga_splat(filepath=str(Path(copy).resolve()))
    rest = bpy.context.object
    total = len(rest.data.points)
    settings = bpy.context.scene.saga
    settings.views = str(arguments.scene.with_name("cameras.json").resolve())
    settings.masks = str(arguments.scene.with_suffix(".saga").resolve() / "masks")
    settings.steps = arguments.steps
    bpy.ops.saga.train()

    place = rest.matrix_world
    origin, direction = Vector(arguments.ray[:3]), Vector(arguments.ray[3:])
    bpy.ops.saga.select(
        ray_origin=place @ origin,
        ray_direction=place.to_3x3() @ direction,
        scale=arguments.scale,
    )
    selected = np.zeros(total, bool)
    rest.data.attributes["saga:selection"].data.foreach_get("value", selected)
    truth = np.load(arguments.truth)
    iou = np.count_nonzero(selected & truth) / np.count_nonzero(selected | truth)
    print(f"selected {np.count_nonzero(selected):,} of {total:,} Gaussians, IoU {iou:.2f}")

    bpy.ops.saga.split()
    part = bpy.context.object
    expect(len(part.data.points) == np.count_nonzero(selected), "the new object is the selection")
    expect(len(part.data.points) + len(rest.data.points) == total, "no Gaussian is lost or doubled")
    part.location.z += 1
    for obj, name in ((part, "part"), (rest, "rest")):
        export(obj, arguments.output / f"{name}.ply")


def export(obj, path: Path) -> None:
    """Export one object and check that the file holds it."""
    import bpy

    bpy.ops.object.select_all(action="DESELECT")
    obj.select_set(True)
    bpy.ops.export_scene.saga_splat(filepath=str(path.resolve()))
    read_ply = importlib.import_module(f"{EXTENSION}.backend.gaussians.ply").read_ply
    written = len(read_ply(path).cloud)
    expect(written == len(obj.data.points), f"{path.name} holds {written:,} Gaussians")


def expect(holds: bool, what: str) -> None:
    """Say what holds; end the demo where it does not."""
    print(f"{'ok' if holds else 'FAILED'}: {what}", flush=True)
    if not holds:
        sys.exit(1)


if __name__ == "__main__":
    main()
