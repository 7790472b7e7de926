"""How fast the viewport follows the hand. Runs inside a Blender with a window:

    blender --python benchmarks/interaction.py -- EXTENSION.zip [--gaussians 1000000]

The view is turned step by step, once with our drawing of a splat and once with
the plainest `gpu` handler there is: as many points in one batch, built-in
shader. Blender quits afterwards; the last line printed is JSON.
"""

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader
from mathutils import Quaternion

EXTENSION = "bl_ext.user_default.saga_blender"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extension", type=Path, help="the built extension, a .zip")
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=12)
    arguments = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :])

    def run() -> None:
        code = 1
        try:
            measure(arguments)
            code = 0
        except Exception:  # a timer would swallow it and Blender would stay open
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)  # quitting by the operator asks about unsaved changes

    bpy.app.timers.register(run, first_interval=2)


def measure(arguments: argparse.Namespace) -> None:
    bpy.ops.extensions.package_install_files(
        filepath=str(arguments.extension.resolve()), repo="user_default", enable_on_install=True
    )
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    means = add_splat(arguments.gaussians)
    settings = bpy.context.scene.saga

    settings.show_splats = False
    empty = frame_time(arguments.frames)
    plain_handler = add_plain_handler(means)
    plain = frame_time(arguments.frames)
    bpy.types.SpaceView3D.draw_handler_remove(plain_handler, "WINDOW")
    settings.show_splats = True
    ours = frame_time(arguments.frames)

    print(f"{arguments.gaussians:,} Gaussians, {gpu.platform.renderer_get()}")
    for name, seconds in (("nothing drawn", empty), ("plain points", plain), ("ours", ours)):
        print(f"{name:14} {1000 * seconds:8.1f} ms a frame while the view turns")
    print(json.dumps({"orbit_ratio": round(ours / plain, 2)}))


def add_splat(count: int) -> np.ndarray:
    """A ball of Gaussians as an object of the scene; returns their means [N, 3]."""
    cloud = importlib.import_module(f"{EXTENSION}.backend.gaussians.cloud")
    attributes = importlib.import_module(f"{EXTENSION}.saga_blender.gaussian_attributes")
    rng = np.random.default_rng(0)
    means = rng.normal(size=(count, 3)).astype(np.float32)
    gaussians = cloud.GaussianCloud(
        means,
        rng.normal(size=(count, 4)).astype(np.float32),
        rng.uniform(-6, -4, (count, 3)).astype(np.float32),
        rng.normal(size=count).astype(np.float32),
        rng.normal(size=(count, 1, 3)).astype(np.float32),
        {},
        (),
    )
    data = attributes.to_point_cloud(gaussians, "ball", "")
    obj = bpy.data.objects.new("ball", data)
    obj.display_type = "BOUNDS"  # as after an import
    bpy.context.collection.objects.link(obj)
    return means


def add_plain_handler(means: np.ndarray) -> object:
    """The baseline: one batch of coloured points, depth-tested."""
    shader = gpu.shader.from_builtin("POINT_FLAT_COLOR")
    colors = np.random.default_rng(0).uniform(size=(len(means), 4)).astype(np.float32)
    batch = batch_for_shader(shader, "POINTS", {"pos": means, "color": colors})

    def draw() -> None:
        gpu.state.point_size_set(2)
        gpu.state.depth_test_set("LESS_EQUAL")
        batch.draw(shader)
        gpu.state.depth_test_set("NONE")

    return bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_VIEW")


def frame_time(frames: int) -> float:
    """Median seconds to draw the window, swap included, with the view turned each time."""
    view = next(area for area in bpy.context.screen.areas if area.type == "VIEW_3D")
    region_view, times = view.spaces.active.region_3d, []
    for _ in range(frames + 1):  # the first one also fills the graphics card
        region_view.view_rotation = region_view.view_rotation @ Quaternion((0, 1, 0), 0.05)
        start = time.perf_counter()
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=1)
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


main()
