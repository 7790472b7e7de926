"""Measures inside a Blender with a window; run by benchmarks.interaction.

hover_ms: from a move of the mouse to the frame that shows what a click would take;
hover_ours_ms of it are ours: until the answer is here, and what we do while the frame is drawn.
undo_mb: what ten selections add to the memory, after the first undo step.
orbit_ratio: a frame while the view turns, all points drawn, against the plainest
`gpu` handler there is: as many points in one batch, built-in shader.
"""

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
from mathutils import Quaternion, Vector

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "gui"))

from hand import Hand, Waiting, picture, until

EXTENSION = "bl_ext.user_default.saga_blender"
MOVES = 30
FRAMES = 12
SPACING = 1.0  # from ball to ball


def addon(name: str):
    """A module of the installed extension."""
    return importlib.import_module(f"{EXTENSION}.saga_blender.{name}")


def measure(extension: str, engine_python: str, folder: Path) -> Waiting:
    bpy.ops.extensions.package_install_files(
        filepath=extension, repo="user_default", enable_on_install=True
    )
    chosen = addon("preferences").preferences()
    chosen.engine_python, chosen.device = engine_python, "cpu"
    hand = Hand()
    print(gpu.platform.renderer_get())
    results = {}
    for measured, scene in ((hover, "hovered"), (undo, "turned"), (orbit, "turned")):
        for obj in list(bpy.data.objects):
            bpy.data.objects.remove(obj)
        with hand.in_viewport():
            bpy.ops.import_scene.saga_splat(filepath=str(folder / f"{scene}.ply"))
            bpy.ops.view3d.view_selected()
        yield 1.0
        results |= yield from measured(hand, folder)
    addon("engine.session").session.close()
    print(json.dumps(results), flush=True)


def hover(hand: Hand, folder: Path) -> Waiting:
    obj, overlay = bpy.context.object, addon("drawing.overlay").overlay
    with hand.in_viewport():
        bpy.ops.wm.tool_set_by_id(name="saga.select_tool")
    yield from until(lambda: any(view.shown for view in overlay.views.values()))
    answers, frames, drawn, ours = [], [], [], []
    show_preview, draw = overlay.show_preview, overlay.draw

    def answered(*preview) -> None:
        answers.append(time.perf_counter() - start)
        show_preview(*preview)

    def drawing(context) -> None:
        begun = time.perf_counter()
        draw(context)
        ours.append(time.perf_counter() - begun)

    overlay.show_preview, overlay.draw = answered, drawing
    handle = bpy.types.SpaceView3D.draw_handler_add(
        lambda: drawn.append(overlay.preview), (), "WINDOW", "POST_PIXEL"
    )
    for move in range(MOVES + 1):
        ball = Vector((SPACING * (move % 8), 0, SPACING * (3 + move // 8 % 2)))
        drawn.clear()
        before, start = overlay.preview, time.perf_counter()
        hand.move(hand.place_of(obj.matrix_world @ ball))
        yield from until(lambda before=before: overlay.preview is not before)
        # Timers run on when the frame is on the screen.
        yield from until(lambda: any(shown is overlay.preview for shown in drawn))
        frames.append(time.perf_counter() - start)
        yield 0.05
    bpy.types.SpaceView3D.draw_handler_remove(handle, "WINDOW")
    overlay.show_preview, overlay.draw = show_preview, draw
    picture(folder / "hover.png")
    bpy.context.scene.saga.show_splats = False
    empty = frame_time(turn=0.0, what="DRAW_SWAP")
    bpy.context.scene.saga.show_splats = True
    found = np.count_nonzero(overlay.preview.chosen)
    print(f"{len(obj.data.points):,} Gaussians, {found:,} of them under the mouse")
    answer, shown = (1000 * float(np.median(times[1:])) for times in (answers, frames))
    print(f"{'answer':24} {answer:8.0f} ms after a move of the mouse")
    print(f"{'on the screen':24} {shown:8.0f} ms, the slowest {1000 * max(frames[1:]):.0f} ms")
    in_frame = 1000 * float(np.median(ours[1:]))
    print(f"{'our part of that frame':24} {in_frame:8.0f} ms, drawn by the graphics card aside")
    print(f"{'a frame without splats':24} {1000 * empty:8.0f} ms, as much of the window drawn")
    return {"hover_ms": round(shown), "hover_ours_ms": round(answer + in_frame)}


def undo(_hand: Hand, _folder: Path) -> Waiting:
    splat_object, data = addon("splat_object"), bpy.context.object.data
    bpy.context.scene.saga.show_splats = False  # what is drawn is kept elsewhere
    rng = np.random.default_rng(0)
    memory = []
    for _ in range(11):
        chosen = rng.random(len(data.points)) < 0.02  # as many changes as can be: no runs
        splat_object.set_selection(data, chosen)
        bpy.ops.ed.undo_push(message="Select")
        yield 0.2
        memory.append(resident_mb())
    print(f"{len(data.points):,} Gaussians, memory after each selection, MB:")
    print("  ".join(f"{value - memory[0]:.0f}" for value in memory))
    return {"undo_mb": round(memory[-1] - memory[0], 1)}


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def orbit(_hand: Hand, _folder: Path) -> Waiting:
    obj, settings = bpy.context.object, bpy.context.scene.saga
    splats, overlay = addon("drawing.splats"), addon("drawing.overlay").overlay
    means = addon("point_cloud").read(obj.data.attributes["position"])
    count, shipped = len(means), splats._POINTS
    settings.show_splats = False
    times = {"nothing drawn": frame_time()}
    for points in (count, shipped):
        handle = add_plain_handler(means[:points], np.array(obj.matrix_world))
        times[f"plain, {points:,} points"] = frame_time()
        bpy.types.SpaceView3D.draw_handler_remove(handle, "WINDOW")
    settings.show_splats = True
    for points in (count, shipped):
        splats._POINTS = points  # how many are drawn while the view moves
        overlay.forget()
        times[f"ours, {points:,} points"] = frame_time()
    for name, seconds in times.items():
        print(f"{name:24} {1000 * seconds:8.1f} ms a frame while the view turns")
    yield 0.0
    return {
        "orbit_ratio": round(
            times[f"ours, {count:,} points"] / times[f"plain, {count:,} points"], 2
        )
    }


def add_plain_handler(means: np.ndarray, frame: np.ndarray) -> object:
    """The baseline: one batch of coloured points, depth-tested."""
    shader = gpu.shader.from_builtin("POINT_FLAT_COLOR")
    colors = np.random.default_rng(0).uniform(size=(len(means), 4)).astype(np.float32)
    placed = (means @ frame[:3, :3].T + frame[:3, 3]).astype(np.float32)
    batch = batch_for_shader(shader, "POINTS", {"pos": placed, "color": colors})

    def draw() -> None:
        gpu.state.point_size_set(2)
        gpu.state.depth_test_set("LESS_EQUAL")
        batch.draw(shader)
        gpu.state.depth_test_set("NONE")

    return bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_VIEW")


def frame_time(turn: float = 0.05, what: str = "DRAW_WIN_SWAP") -> float:
    """Median seconds to draw the window, or only the viewport's region, and to show it.

    Args:
        turn: of the view before each frame, radians.
        what: as Blender's redraw timer calls it.
    """
    hand, times = Hand(), []
    region = hand.region()
    region_view = region.data
    for _ in range(FRAMES + 1):  # the first one also fills the graphics card
        region_view.view_rotation = region_view.view_rotation @ Quaternion((0, 1, 0), turn)
        region.tag_redraw()
        start = time.perf_counter()
        with hand.in_viewport():
            bpy.ops.wm.redraw_timer(type=what, iterations=1)
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def step() -> float:
    try:
        return next(steps)
    except StopIteration:
        os._exit(0)  # quitting by the operator asks about unsaved changes
    except Exception:  # a timer would swallow it and Blender would stay open
        traceback.print_exc()
        os._exit(1)


sys.stdout.reconfigure(line_buffering=True)
extension, engine_python, folder = sys.argv[sys.argv.index("--") + 1 :]
bpy.context.preferences.view.show_splash = False  # before it is shown
steps = measure(extension, engine_python, Path(folder))
bpy.app.timers.register(step, first_interval=1.0, persistent=True)
