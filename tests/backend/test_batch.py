"""Many scenes: each once, whatever becomes of the others, and told of in one manifest."""

import importlib.util
import json
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import slurm
from two_balls import write_two_balls

from backend.batch import Task, gather, run_scene
from backend.command_line.main import main
from backend.engine import Engine
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import read_ply
from backend.objects import save_objects
from backend.protocol import Decompose, Decomposed, Train, Trained

ROOT = Path(__file__).resolve().parents[2]
STEPS = 20


class Counting(Engine):
    """The engine, and what it was asked."""

    def __init__(self, device="cpu"):
        super().__init__("cpu")
        self.asked = []

    def handle(self, message, report=None):
        self.asked.append((type(message).__name__, Path(message.scene).parent.name))
        return super().handle(message, report or (lambda *_: None))


@pytest.fixture
def engine():
    return Counting()


@pytest.fixture
def scenes(tmp_path) -> Path:
    """A list of two good scenes and, between them, one that is none. Their files bear one name."""
    names = ["one", "broken", "two"]
    for name in names:
        write_two_balls(tmp_path / name)
    (tmp_path / "broken" / "balls.ply").write_bytes(b"this is no splat")
    listed = tmp_path / "scenes.txt"
    listed.write_text("\n".join(f"{name}/balls.ply" for name in names) + "\n")
    return listed


def batch(engine, scenes, *options) -> int:
    results = ["-o", str(scenes.parent / "results"), "--steps", str(STEPS)]
    arguments = ["batch", str(scenes), *results, *map(str, options)]
    engine.asked.clear()
    return main(arguments, lambda _: engine)


def manifest(scenes) -> list[dict]:
    path = scenes.parent / "results" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8"))["scenes"]


@pytest.mark.fault("a batch: a broken scene in it")
def test_a_broken_scene_stops_no_other_and_nothing_is_done_twice(engine, scenes, capsys):
    assert batch(engine, scenes, "--scale", 0.2) == 2
    assert "1 of 3 scenes failed" in capsys.readouterr().err
    rows = {Path(row["scene"]).parent.name: row for row in manifest(scenes)}
    assert list(rows) == ["broken", "one", "two"] and len({r["name"] for r in rows.values()}) == 3
    assert "not a PLY" in rows["broken"]["error"]["message"] and rows["broken"]["trained"] is None
    for name in ("one", "two"):
        row = rows[name]
        assert row["error"] is None and row["settings"]["train"]["steps"] == STEPS
        assert Path(row["trained"]["model"]).is_file() and row["trained"]["loss"] < 0
        objects = Path(row["objects"]["folder"])
        written = [len(read_ply(path).cloud) for path in objects.iterdir()]
        assert sum(written) == 600  # each Gaussian once
        assert sum(row["objects"]["counts"]) + sum(row["objects"]["unassigned"]) == 600
    assert batch(engine, scenes, "--scale", 0.2) == 2
    assert engine.asked == [("Train", "broken")]
    again = {Path(row["scene"]).parent.name: row for row in manifest(scenes)}
    assert again["one"] == rows["one"] and again["two"] == rows["two"]
    write_two_balls_again(scenes.parent / "broken")
    assert batch(engine, scenes, "--scale", 0.2) == 0
    assert engine.asked == [("Train", "broken"), ("Decompose", "broken")]
    assert all(row["error"] is None for row in manifest(scenes))


def write_two_balls_again(folder: Path) -> None:
    (folder / "balls.ply").write_bytes((folder.parent / "one" / "balls.ply").read_bytes())


def test_only_what_has_changed_is_done_again(engine, scenes):
    scenes.write_text("one/balls.ply")
    batch(engine, scenes)
    for change, asked in (
        (lambda folder: None, []),
        (lambda folder: (folder / "balls.saga/masks/0.npz").unlink(), ["Train"]),
        (lambda folder: (folder / "balls.saga/field.safetensors").unlink(), ["Train"]),
        (lambda folder: (folder / "cameras.json").write_text(shorter(folder)), ["Train"]),
    ):
        change(scenes.parent / "one")
        assert batch(engine, scenes) == 0
        assert [name for name, _ in engine.asked] == asked
    assert batch(engine, scenes, "--scale", 0.2) == 0
    assert [name for name, _ in engine.asked] == ["Decompose"]
    assert batch(engine, scenes, "--scale", 0.1) == 0
    assert [name for name, _ in engine.asked] == ["Decompose"]
    assert batch(engine, scenes, "--scale", 0.1, "--seed", 1) == 0
    assert [name for name, _ in engine.asked] == ["Train", "Decompose"]


def shorter(folder: Path) -> str:
    return json.dumps(json.loads((folder / "cameras.json").read_text())[:-1])


def test_a_list_from_notepad_is_read_and_one_that_is_no_text_refused(engine, scenes, capsys):
    scenes.write_text("one/balls.ply\n", encoding="utf-8-sig")
    assert batch(engine, scenes) == 0 and engine.asked == [("Train", "one")]
    scenes.write_bytes("größe/balls.ply".encode("utf-16"))
    assert batch(engine, scenes) == 2 and engine.asked == []
    assert "no list of scenes" in capsys.readouterr().err


def test_a_damaged_row_is_left_out_of_what_is_gathered(engine, scenes):
    scenes.write_text("one/balls.ply\ntwo/balls.ply")
    batch(engine, scenes)
    damaged, _ = sorted((scenes.parent / "results" / "scenes").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:20])
    assert len(gather(scenes.parent / "results")) == 1


def test_jobs_of_an_array_share_the_work_and_the_last_one_gathers(engine, scenes, capsys):
    assert batch(engine, scenes, "--index", 0, "--of", 2) == 0  # the first and the third
    assert [folder for _, folder in engine.asked] == ["one", "two"]
    assert not (scenes.parent / "results" / "manifest.json").exists()
    assert batch(engine, scenes, "--gather") == 2  # tells what was not run
    assert engine.asked == [] and "not run to its end" in capsys.readouterr().err
    assert [bool(row["trained"]) for row in manifest(scenes)] == [False, True, True]
    write_two_balls_again(scenes.parent / "broken")
    assert batch(engine, scenes, "--index", 1, "--of", 2) == 0
    assert batch(engine, scenes, "--gather") == 0
    assert all(row["trained"] for row in manifest(scenes))
    for said, wrong in (
        ("Job 2 is not one of 2: jobs count from 0.", ["--index", 2, "--of", 2]),
        ("--index and --of belong together.", ["--index", 1]),
        ("--index and --of belong together.", ["--of", 3]),
    ):
        assert batch(engine, scenes, *wrong) == 2 and said in capsys.readouterr().err


@pytest.mark.fault("a batch: interrupted")
def test_what_was_begun_is_told_and_done_the_next_time(engine, scenes, monkeypatch):
    scenes.write_text("one/balls.ply\ntwo/balls.ply")

    def interrupted(message, report=None):
        if Path(message.scene).parent.name == "two":
            raise KeyboardInterrupt
        return Counting.handle(engine, message, report)

    monkeypatch.setattr(engine, "handle", interrupted)
    assert batch(engine, scenes) == 130
    assert batch(engine, scenes, "--gather") == 2
    errors = [row["error"] and row["error"]["code"] for row in manifest(scenes)]
    assert errors == [None, "unfinished"]
    monkeypatch.undo()
    assert batch(engine, scenes) == 0
    assert engine.asked == [("Train", "two")]


def test_masks_and_cameras_are_looked_for_from_each_scene(tmp_path):
    train, decompose = Task(Train("", masks="labels"), Decompose("")).of(tmp_path / "a" / "b.ply")
    assert (train.masks, train.views) == (str(tmp_path / "a" / "labels"), "")
    assert decompose.masks == train.masks and decompose.scene == train.scene
    assert Task(Train("", masks="/labels")).of(tmp_path / "b.ply")[0].masks == "/labels"


class Answering(Engine):
    """Trains nothing, and finds the objects of the names that it is given."""

    names = ()

    def handle(self, message, report=None):
        if isinstance(message, Train):
            return Trained(message.scene, 1.0, 600, 1, 1, 1, 0.5)
        labels = np.arange(600, dtype=np.int32)[None] % len(self.names)
        none = np.full(len(self.names), -1, np.int32)
        colors = np.zeros((len(self.names), 3), np.uint8)
        return Decomposed(message.scales, labels, none, self.names, colors)


@pytest.mark.parametrize("then", [("Mug", "x" * 300), ("Mug",)], ids=["fail", "succeed"])
def test_objects_take_the_place_of_former_ones_as_a_whole_or_not_at_all(tmp_path, then):
    scene, results, engine = write_two_balls(tmp_path / "one"), tmp_path / "results", Answering()

    def objects(scale, names):
        engine.names = names
        row = run_scene(scene, Task(Train(""), Decompose("", (scale,))), results, engine)
        there = {path.name: path.read_bytes() for path in (results / row.name).iterdir()}
        assert sorted(path.name for path in results.iterdir()) == sorted([row.name, "scenes"])
        return row, there

    first, former = objects(0.5, ("Mug", "Plate"))
    assert first.error is None and sorted(former) == ["Mug.ply", "Plate.ply"]
    row, there = objects(0.2, then)
    if then == ("Mug",):
        assert list(there) == ["Mug.ply"] and row.objects["counts"] == [600]
    else:
        assert row.error["code"] == "bad_input" and there == former


def test_objects_are_written_one_by_one(tmp_path):
    count, things = 20_000, 100
    zeros = np.zeros((count, 4), np.float32)
    cloud = GaussianCloud(zeros[:, :3], zeros, zeros[:, :3], zeros[:, 0], zeros[:, None, :3])
    labels = np.arange(count, dtype=np.int32)[None] % things
    none = np.zeros(things, np.int32)
    names = tuple(map(str, range(things)))
    found = Decomposed((0.5,), labels, none, names, none)
    tracemalloc.start()
    save_objects(tmp_path / "objects", cloud, found)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < count * things / 4  # bytes: a mask has one for each Gaussian
    assert len(list((tmp_path / "objects").iterdir())) == things


def test_a_defect_is_an_error_of_its_scene(tmp_path):
    class Defective(Engine):
        def handle(self, message, report):
            raise ZeroDivisionError("a defect")

    scene = write_two_balls(tmp_path / "one")
    row = run_scene(scene, Task(Train("")), tmp_path / "results", Defective("cpu"))
    assert row.error["code"] == "engine_failure" and "a defect" in row.error["message"]
    assert gather(tmp_path / "results") == [row]


def test_a_local_dask_cluster_does_the_example(scenes):
    pytest.importorskip("distributed", reason="Dask is not installed")
    from distributed import Client, LocalCluster

    spec = importlib.util.spec_from_file_location(
        "dask_batch", ROOT / "docs/examples/dask_batch.py"
    )
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    listed = [scenes.parent / line for line in scenes.read_text().split()]
    task = Task(Train("", steps=STEPS), Decompose("", scales=(0.2,)))
    results = scenes.parent / "results"
    with (
        LocalCluster(2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        rows = example.run(client, listed, task, results)
    assert [bool(row.error) for row in rows] == [True, False, False]
    assert rows == gather(results, listed) and all(row.objects for row in rows[1:])


@pytest.mark.slow
@pytest.mark.fault("a batch: Slurm ends a job and puts it back")
def test_slurm_does_the_documented_lines_and_what_it_puts_back(scenes, tmp_path):
    """Word for word, but for the number of jobs and for masks, which are there already."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (documented,) = re.findall(r"```\n(array=.*?)```", (ROOT / "docs/batch.md").read_text(), re.S)
    for one, other in (("0-9", "0-1"), ("--sam-checkpoint mobile_sam.pt", f"--steps {STEPS}")):
        assert one in documented
        documented = documented.replace(one, other)
    (tmp_path / "slurm").mkdir()
    with slurm.running(tmp_path / "slurm") as cluster:
        lines = f"set -e\n{documented}\necho $array"
        submitted = subprocess.run(
            ["sh", "-c", lines],
            cwd=tmp_path,
            env=cluster.environment
            | {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        first = f"{submitted.stdout.split()[-1]}_0"
        cluster.wait_until(lambda: "one" in unfinished(tmp_path))
        cluster.say("scontrol", "requeue", first)
        cluster.wait_until(lambda: cluster.say("squeue", "-h", "-o%t", "-j", first) == "PD")
        assert "one" in unfinished(tmp_path)
        cluster.say("scontrol", "update", f"JobId={first}", "StartTime=now+2")  # not 120
        cluster.wait_until(cluster.is_idle)
        assert "Restarts=1" in cluster.say("scontrol", "show", "job", first)
    rows = {Path(row["scene"]).parent.name: row for row in manifest(scenes)}
    assert [name for name, row in rows.items() if row["error"]] == ["broken"]
    assert all(Path(rows[name]["objects"]["folder"]).is_dir() for name in ("one", "two"))


def unfinished(folder: Path) -> list[str]:
    """The scenes that were begun and have not failed, nor been trained."""
    rows = [json.loads(path.read_text()) for path in (folder / "results/scenes").glob("*.json")]
    rows = [row for row in rows if not row["error"] and not row["trained"]]
    return [Path(row["scene"]).parent.name for row in rows]
