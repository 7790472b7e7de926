"""The runners of published protocols, on tiny folders in the data sets' own layouts."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from backend.affinity.field import AffinityField, Provenance
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.engine import Engine
from backend.gaussians.fingerprint import fingerprint
from backend.protocol import Find, Found
from backend.workspace import Workspace
from benchmarks import nvos, ovs, spin_nerf
from benchmarks.trial import Trial

SCENE, THING = "table", "books"


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """A tabletop whose features are its labels, seen by two views, where the runners expect it."""
    trial = Trial(tmp_path_factory.mktemp("splats") / SCENE, gaussians=10_000, views=2)
    trial.ply.rename(trial.folder / "point_cloud.ply")
    trial.ply = trial.folder / "point_cloud.ply"
    labels = trial.scene.object_labels
    features = torch.from_numpy(np.eye(labels.max() + 1, dtype=np.float32)[labels])
    gate = ScaleGate.opened(features.shape[1])
    provenance = Provenance("", fingerprint(trial.scene.cloud), "", "fast", 1, 0, 2, 9, 0.0)
    field = AffinityField(features, gate, ScaleMap.fit(np.array([1.0, 2.0])))
    field.save(Workspace(trial.ply).field, provenance)
    return trial


def draw(mask: np.ndarray, path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((255 * mask).astype(np.uint8)).save(path)


def run(runner, capsys, monkeypatch, *argv) -> dict:
    monkeypatch.setattr("sys.argv", ["runner", *map(str, argv)])
    runner.main()
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_nvos(trial, tmp_path, capsys, monkeypatch):
    books = trial.shown(THING, 0)
    draw(books, tmp_path / "scribbles" / SCENE / "pos_0_table.png")
    draw(~books, tmp_path / "scribbles" / SCENE / "neg_0_table.png")
    draw(books, tmp_path / "reference_image" / SCENE / "view_00.JPG")
    draw(trial.shown(THING, 1), tmp_path / "masks" / SCENE / "view_01_mask.png")
    results = run(nvos, capsys, monkeypatch, trial.folder.parent, tmp_path)
    for kind in ("best_scale", "auto_scale"):
        assert results[kind]["miou"] > 0.9 and results[kind]["macc"] > 0.99


def test_spin_nerf_with_masks_of_another_size(trial, tmp_path, capsys, monkeypatch):
    for view in (0, 1):
        draw(trial.shown(THING, view)[::2, ::2], tmp_path / SCENE / f"view_0{view}_mask.png")
    results = run(spin_nerf, capsys, monkeypatch, trial.folder.parent, tmp_path)
    assert results["best_scale"]["miou"] > 0.85


def test_3d_ovs(trial, tmp_path, capsys, monkeypatch):
    class Reader(Engine):
        """Finds what is labelled with the words, which a text model is not needed for here."""

        def handle(self, message, report=None):
            assert isinstance(message, Find) and message.floor == 0.0
            mask = trial.gaussians_of(message.text)
            packed = np.packbits(mask)[None]
            return Found(np.ones(1), packed, np.array([mask.sum()]), len(mask), 1.0, 1)

    folder = tmp_path / SCENE / "segmentations"
    for name in (THING, "lamp"):
        for view in (0, 1):
            draw(trial.shown(name, view), folder / f"view_0{view}" / f"{name}.png")
    (folder / "classes.txt").write_text(f"{THING}\nlamp\n", encoding="utf-8")
    monkeypatch.setattr(ovs, "Engine", Reader)
    results = run(ovs, capsys, monkeypatch, trial.folder.parent, tmp_path)
    assert results["miou"] > 0.9 and results["macc"] > 0.99
