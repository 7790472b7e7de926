"""Devices: CUDA where it is, no surprise where it is not; and what is kept between requests."""

import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch

from backend import scene
from backend.affinity.field import AffinityField, Provenance
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.cameras.camera import Camera
from backend.engine import Engine
from backend.errors import BadInput, MissingSoftware
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.protocol import Info, Render
from backend.rendering.numba_rasterizer import NumbaRasterizer

no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")


def test_auto_is_what_torch_finds():
    assert Engine("auto").device == ("cuda" if torch.cuda.is_available() else "cpu")
    assert Engine("cpu").device == "cpu"


@no_cuda
def test_cuda_that_is_not_there_is_refused_with_advice():
    with pytest.raises(MissingSoftware, match="cpu or auto"):
        _ = Engine("cuda").device


@no_cuda
def test_without_gsplat_rays_are_traced_on_the_cpu(tmp_path):
    one = GaussianCloud(
        means=np.zeros((1, 3), np.float32),
        quats=np.float32([[1, 0, 0, 0]]),
        log_scales=np.zeros((1, 3), np.float32),
        opacity_logits=np.zeros(1, np.float32),
        sh=np.zeros((1, 1, 3), np.float32),
    )
    write_ply(tmp_path / "one.ply", one)
    assert isinstance(scene.Scene(tmp_path / "one.ply", "cuda").rasterizer, NumbaRasterizer)


PAIR = GaussianCloud(
    *(np.zeros((2, width), np.float32) for width in (3, 4, 3)),
    np.zeros(2, np.float32),
    np.zeros((2, 1, 3), np.float32),
)


@pytest.fixture
def path(tmp_path):
    """Of a scene of two Gaussians."""
    write_ply(tmp_path / "scene.ply", PAIR)
    return tmp_path / "scene.ply"


def train_elsewhere(path, steps) -> None:
    """As another program does that has the scene open too."""
    there = scene.Scene(path, "cpu")
    field = AffinityField(torch.ones(2, 4), ScaleGate(4), ScaleMap.fit(np.arange(1.0, 5.0)))
    said = Provenance(path.name, there.fingerprint, "0", "fast", steps, 0, 1, 1, 0.5)
    field.save(there.workspace.field, said)


def test_a_scene_is_read_anew_only_when_its_file_changes(path):
    engine = Engine("cpu")
    first = engine.open(str(path))
    assert engine.open(str(path)) is first
    write_ply(path, PAIR.subset(slice(1)))
    assert len(engine.open(str(path)).cloud) == 1


def test_a_training_is_read_anew_only_when_its_file_changes(path):
    engine = Engine("cpu")
    for steps in (100, 2000):
        train_elsewhere(path, steps)
        trained = engine.open(str(path)).trained
        assert trained.provenance.steps == steps
        assert engine.open(str(path)).trained is trained


def test_the_clicks_that_were_asked_last_are_those_remembered(path, monkeypatch):
    opened = scene.Scene(path, "cpu")
    monkeypatch.setattr(scene, "REMEMBERED", 2)
    camera = Camera("screen", 16, 16, 100.0, 100.0, 8.0, 8.0, np.eye(4))
    first, second, third = (lambda x=x: opened.trace(camera, np.array([[x, 0]])) for x in range(3))
    kept, lost = first(), second()
    assert first() is kept
    third()
    assert first() is kept and second() is not lost


def test_a_scene_is_let_go_of_before_the_next_is_read(path, monkeypatch):
    engine, read_ply = Engine("cpu"), scene.read_ply
    first = weakref.ref(engine.open(str(path)))

    def read_alone(path):
        assert first() is None
        return read_ply(path)

    monkeypatch.setattr(scene, "read_ply", read_alone)
    other = path.with_name("other.ply")
    other.write_bytes(b"no splat")
    with pytest.raises(BadInput):
        engine.open(str(other))
    assert len(engine.open(str(path)).cloud) == 2


def test_what_is_known_is_told_of_a_scene_whose_training_is_of_others(path):
    engine = Engine("cpu")
    train_elsewhere(path, 7)
    assert engine.handle(Info(str(path))).facts["steps"] == 7
    write_ply(path, PAIR.subset(slice(1)))
    described = engine.handle(Info(str(path)))
    assert described.facts["gaussians"] == 1 and not described.facts["trained"]
    assert "was trained on scene.ply" in described.text


def test_torch_is_said_to_be_loaded_by_what_loads_it(path):
    code = f"""
import sys
from backend.engine import Engine
from backend.protocol import Info, Render
told = []
Engine("cpu").handle(Info({str(path)!r}), lambda *said: told.append(said[0]))
print("torch" in sys.modules, told[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["True", "Loading PyTorch\n"]


@pytest.mark.parametrize("size", [(0, 0), (-5, 10), (10, 65_537)])
def test_a_picture_of_no_size_or_too_large_a_one_is_refused_before_the_scene_is_read(size):
    with pytest.raises(BadInput, match="between 1 and 65536"):
        Engine("cpu").handle(Render("not read.ply", view="1", size=size))
