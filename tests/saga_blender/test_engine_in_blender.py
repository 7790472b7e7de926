"""What an artist does to Blender while its engine trains, with real engines."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bpy
import pytest
from processes import gone
from two_balls import write_two_balls

EXTENSION = "bl_ext.user_default.saga_blender"
PATIENCE_S = 600.0  # on a machine that is busy with other things
SOON_S = 8.0  # for an engine to end: its own grace is 2 s
LONG = 100_000  # steps, that no test waits for

pytestmark = pytest.mark.slow


@pytest.fixture
def scene(engine, tmp_path) -> Path:
    return write_two_balls(tmp_path / "balls")


@pytest.fixture
def training(addon, scene):
    """Training under way, as with a window; called, it drains until a condition holds."""
    session = addon("saga_blender.engine.session").session
    protocol = addon("backend.protocol")

    def until(condition) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, session.error or session.notice
            began = time.thread_time()
            session.drain()
            assert time.thread_time() - began < 0.05  # of the thread that draws the windows
            time.sleep(0.01)

    def start(steps: int = LONG) -> int:
        """Start and wait for the first step; returns the engine's process id."""
        message = protocol.Train(str(scene), steps=steps)
        session.start(message, "Train SAGA", lambda reply: f"Trained {reply.steps} steps.")
        until(lambda: session.job.progress and session.job.progress.stage == "Training")
        return session._client._process._popen.pid

    start.until = until
    yield start
    session.close()


def assert_trains(scene: Path) -> None:
    """A new engine can be asked, and answers."""
    bpy.ops.import_scene.saga_splat(filepath=str(scene))
    bpy.context.scene.saga.steps = 3
    assert bpy.ops.saga.train() == {"FINISHED"}


@pytest.mark.fault("Blender: the add-on is disabled while it trains")
def test_disabling_ends_the_engine_and_enabling_trains_again(training, scene):
    pid = training()
    engine = bpy.context.preferences.addons[EXTENSION].preferences.engine_python
    began = time.thread_time()
    bpy.ops.preferences.addon_disable(module=EXTENSION)
    assert time.thread_time() - began < 0.5  # Blender's own part, which is most of it, included
    assert gone(pid)
    bpy.ops.preferences.addon_enable(module=EXTENSION)
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.engine_python = engine
    assert_trains(scene)


@pytest.mark.fault("Blender: another file is loaded while it trains")
def test_loading_a_file_leaves_training_alone(addon, training, scene):
    bpy.ops.import_scene.saga_splat(filepath=str(scene))
    training(steps=30)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    session = addon("saga_blender.engine.session").session
    training.until(lambda: session.job is None)
    assert session.notice == "Trained 30 steps."
    assert (scene.with_suffix(".saga") / "field.safetensors").is_file()


@pytest.mark.fault("two at once: scenes of one Blender")
def test_two_scenes_share_the_engine(addon, training, scene, tmp_path):
    other = write_two_balls(tmp_path / "other")
    for path in (scene, other):
        bpy.ops.scene.new(type="EMPTY")
        bpy.ops.import_scene.saga_splat(filepath=str(path))
    training()
    assert not bpy.ops.saga.train.poll()  # of the other scene: the engine is busy
    session, protocol = addon("saga_blender.engine.session").session, addon("backend.protocol")
    session.cancel()
    told = [session.wait(protocol.Info(str(path))).facts["trained"] for path in (scene, other)]
    assert_trains(other)
    told += [session.wait(protocol.Info(str(path))).facts["trained"] for path in (scene, other)]
    assert [bool(trained) for trained in told] == [False, False, False, True]


PRELUDE = f"""
import importlib, os, sys, time, bpy
bpy.ops.preferences.addon_enable(module={EXTENSION!r})
preferences = bpy.context.preferences.addons[{EXTENSION!r}].preferences
preferences.engine_python, preferences.device = sys.argv[2], "cpu"
bpy.ops.import_scene.saga_splat(filepath=sys.argv[1])
bpy.context.scene.saga.steps = 30
"""
TRAIN = "print(bpy.ops.saga.train(), flush=True)\n"
START = f"""
session = importlib.import_module("{EXTENSION}.saga_blender.engine.session").session
protocol = importlib.import_module("{EXTENSION}.backend.protocol")
session.start(protocol.Train(sys.argv[1], steps={LONG}), "Train", lambda reply: "")
while session.job.progress is None:
    session.drain()
    time.sleep(0.01)
"""
RELOAD = START + "bpy.ops.script.reload()\nsession.cancel()\n"
STAY = (
    START
    + """
while session.job.progress.stage != "Training":
    session.drain()
    time.sleep(0.01)
print("engine:", session._client._process._popen.pid, flush=True)
time.sleep(600)
"""
)
LEAVE = "os._exit(0)\n"  # after a reload Blender's module hangs when it takes itself down


def another_blender(scene: Path, folder: Path, does: str) -> subprocess.Popen:
    script = folder / "other_blender.py"
    script.write_text(PRELUDE + does)
    engine = bpy.context.preferences.addons[EXTENSION].preferences.engine_python
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, script, scene, engine], stdout=pipe, stderr=pipe, text=True
    )


def assert_another_blender_trains(scene: Path, folder: Path, before: str = "") -> None:
    out, err = another_blender(scene, folder, before + TRAIN + LEAVE).communicate(PATIENCE_S)
    assert "{'FINISHED'}" in out, err


@pytest.mark.fault("two at once: Blenders that train on the same scene")
def test_two_blenders_train_on_the_same_scene(addon, training, scene, tmp_path):
    training()
    assert_another_blender_trains(scene, tmp_path)
    addon("saga_blender.engine.session").session.cancel()
    assert_trains(scene)


@pytest.mark.fault("Blender: scripts are reloaded while it trains")
def test_reloading_scripts_leaves_a_working_engine(scene, tmp_path):
    assert_another_blender_trains(scene, tmp_path, RELOAD)


@pytest.mark.fault("Blender: killed (kill -9) while it trains")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_the_engine_of_a_killed_blender_ends_and_the_next_blender_trains(scene, tmp_path):
    blender = another_blender(scene, tmp_path, STAY)
    pid = next(int(line.split()[1]) for line in blender.stdout if line.startswith("engine:"))
    os.kill(pid, 0)
    os.kill(blender.pid, signal.SIGKILL)
    blender.communicate()  # the engine does not hold Blender's own output
    began = time.monotonic()
    assert gone(pid) and time.monotonic() - began < SOON_S
    assert_trains(scene)
