"""Training in real processes that are killed, run out of disk, or work on the same scene."""

import itertools
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from two_balls import write_two_balls

ROOT = Path(__file__).resolve().parents[2]
STEPS = 60
TRAIN = f"""
import sys
from backend.affinity import checkpoint
from backend.engine import Engine
from backend.protocol import Train

checkpoint.INTERVAL_S = checkpoint.COST = 0  # each step is saved
def report(stage, fraction, detail=""):
    print(stage, fraction, sep=":", flush=True)
Engine("cpu").handle(Train(sys.argv[1], steps={STEPS}), report)
print("Done:1", flush=True)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of Unix"),
]


def train(scene: Path, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(scene)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def fractions(process: subprocess.Popen):
    """What it says of its training, as it goes."""
    for line in process.stdout:
        stage, _, fraction = line.rpartition(":")
        if stage == "Training":
            yield float(fraction)


def finish(process: subprocess.Popen) -> list[float]:
    told = list(fractions(process))
    assert process.wait() == 0, process.stderr.read()
    return told


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The scene, trained on without any trouble."""
    scene = write_two_balls(tmp_path_factory.mktemp("trained"))
    finish(train(scene))
    return scene


@pytest.fixture
def scene(trained, tmp_path) -> Path:
    """The same scene, not trained on yet."""
    shutil.copytree(trained.parent, tmp_path / "balls")
    (tmp_path / "balls" / "balls.saga" / "field.safetensors").unlink()
    return tmp_path / "balls" / "balls.ply"


def field(scene: Path) -> dict:
    return load_file(scene.with_suffix(".saga") / "field.safetensors")


def assert_equal(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.fault("the engine: killed (kill -9, out of memory) while training")
def test_a_killed_training_goes_on_and_ends_as_if_nothing_had_been(trained, scene):
    before, reached = scene.read_bytes(), 0.0
    for part in (0.1, 0.5, 0.9, 1.0):  # and killed there, but for the end
        process = train(scene)
        _, resumed, *told = itertools.takewhile(part.__gt__, fractions(process))
        assert resumed >= reached - 1 / STEPS  # at most the step that was under way is lost
        reached = told[-1]
        if part < 1:
            process.kill()
        _, err = process.communicate()
    assert process.returncode == 0, err
    assert_equal(field(scene), field(trained))
    assert scene.read_bytes() == before


@pytest.mark.fault("a full disk: while training")
def test_a_full_disk_stops_training_and_leaves_what_was_there(trained, scene):
    def no_room():  # for a file larger than this; the signal would end the process at once
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    victim = train(scene, preexec_fn=no_room)
    _, err = victim.communicate()
    assert victim.returncode != 0 and "cannot be written" in err and "room" in err
    assert [path for path in scene.with_suffix(".saga").iterdir() if path.is_file()] == []
    finish(train(scene))
    assert_equal(field(scene), field(trained))


@pytest.mark.fault("two at once: engines that train on the same scene")
def test_two_at_once_do_not_spoil_each_others_work(trained, scene):
    both = [train(scene), train(scene)]
    outputs = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert_equal(field(scene), field(trained))
