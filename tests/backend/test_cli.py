"""The command line, as a person and as a machine meet it."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from two_balls import write_two_balls, write_views

from backend import protocol
from backend.command_line.main import main
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.errors import NotTrained
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import read_ply, write_ply

ROOT = Path(__file__).resolve().parents[2]
MASK = np.array([True, False, True] * 3)  # does not fill its last byte
FOUND = protocol.Found(
    np.float32([0.875, 0.75]),
    np.packbits([MASK, ~MASK], axis=1),
    np.array([6, 3]), 9, 0.875, 7,
)  # fmt: skip
NOT_FOUND = replace(FOUND, scores=FOUND.scores[:0], masks=FOUND.masks[:0], counts=FOUND.counts[:0])
LABELS = np.array([[0, 0, 0, 0, 1, 1, 1, -1, -1], [2, 2, 2, -1, 3, 3, -1, -1, -1]], np.int32)


@pytest.fixture
def scene(tmp_path):
    """Nine Gaussians in a row."""
    zeros = np.zeros((9, 4), np.float32)
    means = zeros[:, :3] + np.arange(9, dtype=np.float32)[:, None]
    path = tmp_path / "nine.ply"
    write_ply(path, GaussianCloud(means, zeros + 1, zeros[:, :3], zeros[:, 0], zeros[:, None, :3]))
    return path


class StandInEngine(Engine):
    """Remembers what it was asked, and knows the answers beforehand."""

    def __init__(self, device):
        super().__init__(device)
        self.asked = []

    def handle(self, message, report):
        self.asked.append(message)
        print("a library's chatter")
        report("Working", 0.5, "half")
        return {
            protocol.Train: protocol.Trained("nine.saga", 1.5, 9, 2, 7, 300, 0.25),
            protocol.Select: protocol.Selected(np.packbits(MASK), 6, 9, 0.25, 0.75),
            protocol.Decompose: protocol.Decomposed(
                (0.9, 0.25),
                LABELS,
                np.array([-1, -1, 0, 1], np.int32),
                ("Object 1", "Object 2", "Object 1.1", "Object 2.1"),
                np.zeros((4, 3), np.uint8),
            ),
            protocol.Find: FOUND if getattr(message, "floor", 0) <= 0.9 else NOT_FOUND,
            protocol.Render: protocol.Rendered(np.full((4, 6, 3), 200, np.uint8)),
        }[type(message)]


@pytest.fixture
def run(capsys):
    """Run a command line here: (exit code, stdout, stderr, what the engine was asked)."""

    def run(*argv, engine=StandInEngine):
        made = []

        def make_engine(device):
            made.append(engine(device))
            return made[-1]

        code = main([str(argument) for argument in argv], make_engine)
        out, err = capsys.readouterr()
        return code, out, err, [message for one in made for message in getattr(one, "asked", [])]

    return run


@pytest.mark.parametrize(
    "command, words",
    [
        ((), ["train", "select", "render", "info", "SCENE.saga"]),
        (("train",), ["COLMAP", "cameras.json", "Segment Anything", "paper"]),
        (("select",), ["smallest part", "largest group", "cosine", "OUT.npy"]),
        (("decompose",), ["Object 2.1", "largest part", "OUT.npy"]),
        (("find",), ["CLIP", "never downloaded", "OUT.npy"]),
        (("render",), ["depth", "features", "OUT.png"]),
    ],
)
def test_help_explains_what_is_meant(command, words):
    ran = subprocess.run(
        [sys.executable, "-m", "backend", *command, "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(word in ran.stdout for word in words)


def test_train_asks_for_what_was_said(run, scene, tmp_path):
    code, out, err, asked = run(
        "train", scene, "--masks", tmp_path, "--recipe", "paper", "--steps", 7, "--seed", 3,
        "--max-mask-minutes", 1.5,
    )  # fmt: skip
    assert asked == [
        protocol.Train(
            str(scene), masks=str(tmp_path), recipe="paper", steps=7, seed=3, max_mask_minutes=1.5
        )
    ]
    assert code == 0 and "7 masks" in out and "nine.saga" in out
    assert "chatter" in err and "chatter" not in out


def test_a_log_is_told_of_long_stages_only_and_a_terminal_is_left_clean(capsys, monkeypatch):
    with ProgressBar() as bar:
        bar("Quick", 0.0)
        bar("Next", 1.0)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("backend.command_line.progress_bar.LOGGED_S", 0.0)
    with ProgressBar() as bar:
        bar("Long", 0.5, "half")
    assert "Long:  50%" in (err := capsys.readouterr().err) and "half" in err and "100%" in err
    monkeypatch.setattr(sys, "stderr", terminal := io.StringIO())
    terminal.isatty = lambda: True
    with pytest.raises(ValueError), ProgressBar() as bar:
        bar("Failing", 0.0)
        raise ValueError
    *_, shown, last, end = terminal.getvalue().split("\r")
    assert "Failing" in shown and last.isspace() and end == ""


def test_select_writes_the_selected_gaussians(run, scene, tmp_path):
    part = tmp_path / "part.ply"
    code, out, _, asked = run("select", scene, "--view", "1.jpg", "--pixel", 3, 4.5, "-o", part)
    assert asked == [protocol.Select(str(scene), view="1.jpg", pixel=(3.0, 4.5), scale=None)]
    assert code == 0 and "6 of 9" in out and "0.75" in out
    np.testing.assert_array_equal(read_ply(part).cloud.means[:, 0], np.arange(9)[MASK])


def test_select_writes_a_mask_and_answers_in_json(run, scene, tmp_path):
    mask = tmp_path / "mask.npy"
    code, out, _, asked = run(
        "select", scene, "--ray", 0, 0, -1, 0, 0.5, 1, "--scale", 0.1, "-o", mask, "--json"
    )
    (request,) = asked
    assert (request.ray_origin, request.ray_direction) == ((0, 0, -1), (0, 0.5, 1))
    assert (request.pixel, request.scale) == (None, 0.1)
    assert code == 0
    assert json.loads(out) == {
        "output": str(mask), "count": 6, "total": 9, "scale": 0.25, "physical_scale": 0.75,
    }  # fmt: skip
    np.testing.assert_array_equal(np.load(mask), MASK)


def test_select_takes_further_clicks_and_finds_a_scale(run, scene, tmp_path):
    code, out, _, asked = run(
        "select", scene, *CLICK, "--also", "2", 3, 4, "--not", "3", 5, 6, "--not", "3", 7, 8,
        "--scale", "auto", "--step", -1, "--margin", 0.1, "--connected", "-o", tmp_path / "a.ply",
    )  # fmt: skip
    clicks = (
        protocol.Click(True, "2", (3.0, 4.0)),
        protocol.Click(False, "3", (5.0, 6.0)),
        protocol.Click(False, "3", (7.0, 8.0)),
    )
    assert asked == [
        protocol.Select(
            str(scene), view="1", pixel=(1.0, 2.0), clicks=clicks,
            scale=None, step=-1, margin=0.1, connected=True,
        )
    ]  # fmt: skip
    assert code == 0 and "scale 0.25" in out


def test_select_takes_a_box_and_scribbles(run, scene, tmp_path):
    output = "-o", tmp_path / "a.npy"
    _, _, _, (boxed,) = run("select", scene, "--view", "1", "--box", 1, 2, 30, 40, *output)
    assert (boxed.view, boxed.box, boxed.pixel) == ("1", (1.0, 2.0, 30.0, 40.0), None)
    _, _, _, (sized,) = run(
        "select", scene, "--view", "1", "--box", 1, 2, 3, 4, "--scale", 0.3, *output
    )
    assert boxed.scale is None and sized.scale == 0.3
    _, _, _, (drawn,) = run(
        "select", scene, "--scribble", "1", 0, 0, 1, 0, "--scribble-not", "2", 5, 5,
        "--refine", "--without-strays", *output,
    )  # fmt: skip
    assert drawn.clicks == (
        protocol.Click(True, "1", (0.0, 0.0)),
        protocol.Click(True, "1", (1.0, 0.0)),
        protocol.Click(False, "2", (5.0, 5.0)),
    )
    assert drawn.scale is None and drawn.refine and drawn.without_strays and not boxed.refine


def test_decompose_writes_the_labels_and_answers_in_json(run, scene, tmp_path):
    labels = tmp_path / "labels.npy"
    code, out, _, asked = run(
        "decompose", scene, "--scale", 0.25, "--scale", 0.9, "-o", labels, "--json"
    )
    assert asked == [protocol.Decompose(str(scene), scales=(0.25, 0.9))]  # and no names
    assert code == 0 and json.loads(out) == {
        "output": str(labels), "scales": [0.9, 0.25],
        "names": ["Object 1", "Object 2", "Object 1.1", "Object 2.1"],
        "parents": [-1, -1, 0, 1], "counts": [4, 3, 3, 2], "unassigned": [2, 4],
    }  # fmt: skip
    np.testing.assert_array_equal(np.load(labels), LABELS)


def test_decompose_writes_a_file_of_each_object_and_part(run, scene, tmp_path):
    folder = tmp_path / "objects"
    code, _, _, _ = run("decompose", scene, "--scale", 0.9, "-o", folder)
    assert code == 0
    written = {
        place.name: {f.stem: list(read_ply(f).cloud.means[:, 0]) for f in place.iterdir()}
        for place in folder.iterdir()
    }
    assert written == {
        "Scale 0.9": {"Object 1": [0, 1, 2, 3], "Object 2": [4, 5, 6], "Unassigned": [7, 8]},
        "Scale 0.25": {"Object 1.1": [0, 1, 2], "Object 2.1": [4, 5], "Unassigned": [3, 6, 7, 8]},
    }


def test_find_lists_the_hits_and_writes_the_best(run, scene, tmp_path):
    best, masks = tmp_path / "best.ply", tmp_path / "masks.npy"
    code, out, _, asked = run(
        "find",
        scene,
        "the red mug",
        "--text-model",
        "RN50",
        "--most",
        2,
        "--floor",
        0.25,
        "-o",
        best,
    )
    assert asked == [protocol.Find(str(scene), "the red mug", model="RN50", most=2, floor=0.25)]
    assert code == 0 and "1. score 0.88, 6 Gaussians" in out and "2. score 0.75" in out
    np.testing.assert_array_equal(read_ply(best).cloud.means[:, 0], np.arange(9)[MASK])
    code, out, _, _ = run("find", scene, "mug", "-o", masks, "--json")
    assert json.loads(out) == {
        "hits": [{"score": 0.875, "count": 6}, {"score": 0.75, "count": 3}],
        "best": 0.875, "things": 7, "output": str(masks),
    }  # fmt: skip
    np.testing.assert_array_equal(np.load(masks), [MASK, ~MASK])


def test_find_says_when_nothing_was_found_and_writes_nothing(run, scene, tmp_path):
    code, out, _, _ = run("find", scene, "mug", "--floor", 0.95, "-o", tmp_path / "a.ply")
    assert code == 0 and "Nothing was found" in out and "0.88" in out and "0.95" in out
    assert not (tmp_path / "a.ply").exists()


def test_render_hands_the_selection_over_and_writes_the_picture(run, scene, tmp_path):
    np.save(tmp_path / "mask.npy", MASK)
    picture = tmp_path / "picture.png"
    code, _, _, asked = run(
        "render", scene, "--view", "1", "--what", "selection", "--selection",
        tmp_path / "mask.npy", "--size", 6, 4, "-o", picture,
    )  # fmt: skip
    assert code == 0 and asked[0].size == (6, 4)
    np.testing.assert_array_equal(asked[0].selection, MASK)
    np.testing.assert_array_equal(np.asarray(Image.open(picture)), np.full((4, 6, 3), 200))


CLICK = ("--view", "1", "--pixel", "1", "2")
SELECTION = "--what", "selection", "--selection"
REFUSED = {
    "no command": (),
    "unknown command": ("explode",),
    "no number": ("select", "SCENE", *CLICK, "--scale", "large", "-o", "a.ply"),
    "missing scene": ("train", "no.ply"),
    "missing masks": ("train", "SCENE", "--masks", "no"),
    "no click": ("select", "SCENE", "-o", "a.ply"),
    "two clicks": ("select", "SCENE", *CLICK, "--ray", *"000001", "-o", "a.ply"),
    "a pixel of no view": ("select", "SCENE", "--pixel", "1", "2", "-o", "a.ply"),
    "other ending": ("select", "SCENE", *CLICK, "-o", "a.obj"),
    "no folder": ("select", "SCENE", *CLICK, "-o", "no/a.ply"),
    "over the scene": ("select", "SCENE", *CLICK, "-o", "SCENE"),
    "a box of no view": ("select", "SCENE", "--box", *"1234", "-o", "a.ply"),
    "half a place": ("select", "SCENE", *CLICK, "--scribble", "1", "2", "3", "4", "-o", "a.ply"),
    "a click that is none": ("select", "SCENE", *CLICK, "--not", "1", "x", "2", "-o", "a.ply"),
    "no scale": ("decompose", "SCENE", "-o", "a.npy"),
    "over a folder": ("decompose", "SCENE", "--scale", "1", "-o", "."),
    "labels as a picture": ("decompose", "SCENE", "--scale", "1", "-o", "a.png"),
    "no words": ("find", "SCENE"),
    "hits as a picture": ("find", "SCENE", "mug", "-o", "a.png"),
    "no selection": ("render", "SCENE", "--view", "1", "--what", "selection", "-o", "a.png"),
    "an unasked one": ("render", "SCENE", "--view", "1", "--selection", "SCENE", "-o", "a.png"),
    "a batch at no scale": ("batch", "SCENE", "--scale", "7", "-o", "results"),
    "results in a file": ("batch", "SCENE", "-o", "SCENE"),
    "results of nothing": ("batch", "--gather", "-o", "results"),
    "no mask": ("render", "SCENE", "--view", "1", *SELECTION, "SCENE", "-o", "a.png"),
}


@pytest.mark.parametrize("argv", REFUSED.values(), ids=REFUSED.keys())
def test_mistakes_are_refused_before_the_engine_is_asked(run, scene, argv, monkeypatch):
    monkeypatch.chdir(scene.parent)
    before = sorted(scene.parent.iterdir())
    argv = [str(scene) if argument == "SCENE" else argument for argument in argv]
    code, out, err, asked = run(*argv)
    assert (code, out, asked) == (2, "", []) and len(err.splitlines()) == 2
    code, out, err, _ = run(*argv, "--json")
    error = json.loads(out)["error"]
    assert (code, err, error["code"]) == (2, "", "bad_input") and error["advice"]
    assert sorted(scene.parent.iterdir()) == before


@pytest.mark.parametrize(
    "failure, words, has_traceback",
    [
        (MemoryError(), "not enough memory", False),
        (ModuleNotFoundError("No module", name="hdbscan"), "no hdbscan", False),
        (ValueError("seven"), "did not expect: ValueError: seven", True),
    ],
    ids=["memory", "package", "defect"],
)
def test_what_breaks_is_said_in_words(run, scene, failure, words, has_traceback):
    class Breaking(Engine):
        def handle(self, message, report):
            raise failure

    code, out, err, _ = run("info", scene, engine=Breaking)
    assert (code, out) == (2, "") and words in err
    assert ("Traceback" in err) == has_traceback


def test_a_python_without_the_packages_is_told_what_it_lacks():
    bare = [sys.executable, "-S", "-m", "backend", "info", "a.ply"]
    ran = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode != 0 and "Traceback" not in ran.stderr
    assert "The engine's Python has no" in ran.stderr and sys.executable in ran.stderr


def test_a_name_that_the_console_cannot_show_ends_nothing(tmp_path):
    scene, picture = write_two_balls(tmp_path), tmp_path / "日.png"
    ran = subprocess.run(
        [sys.executable, "-m", "backend", "render", scene, "--view", "1", "-o", picture],
        cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert ran.returncode == 0 and "u65e5.png" in ran.stdout and picture.is_file()


@pytest.mark.parametrize(
    "option", [("--scale", "1.5"), ("--scale", "nan"), ("--threshold", "-2"), ("--margin", "3")]
)
def test_values_out_of_range_are_refused_before_the_scene_is_read(run, tmp_path, option):
    (tmp_path / "no.ply").write_bytes(b"not read")
    code, _, err, _ = run(
        "select", tmp_path / "no.ply", *CLICK, *option, "-o", tmp_path / "a.ply", engine=Engine
    )
    assert code == 2 and option[0].strip("-") in err and "between" in err


def test_info_of_the_real_engine(run, scene):
    def info():
        code, out, _, _ = run("info", scene, "--json", "--device", "cpu", engine=Engine)
        assert code == 0
        return json.loads(out)

    assert info()["gaussians"] == 9 and info()["view_names"] == []
    write_views(scene.parent, scene.parent / "masks")
    assert info()["view_names"][:3] == ["0.png", "1.png", "10.png"]
    _, out, _, _ = run("info", scene, "--device", "cpu", engine=Engine)
    assert "view names: 14, 0.png … 9.png\n" in out
    (scene.parent / "cameras.json").write_text("[{}]")
    assert "cameras.json" in info()["views_of_no_use"]


def test_a_selection_of_nothing_is_not_written(run, scene, tmp_path):
    class Finicky(StandInEngine):
        def handle(self, message, report):
            return replace(super().handle(message, report), count=0)

    code, _, err, _ = run("select", scene, *CLICK, "-o", tmp_path / "a.npy", engine=Finicky)
    assert code == 2 and "--threshold" in err and not (tmp_path / "a.npy").exists()


def test_an_untrained_scene_is_said_to_be_untrained(run, scene, tmp_path):
    code, out, _, _ = run(
        "select", scene, *CLICK, "-o", tmp_path / "a.ply", "--json", "--device", "cpu",
        engine=Engine,
    )  # fmt: skip
    assert code == 2 and json.loads(out)["error"]["code"] == NotTrained.code
