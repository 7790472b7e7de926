"""The model file: its first version is read for ever, and what is no model is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from safetensors import safe_open
from safetensors.numpy import save

from backend.affinity.checkpoint import Checkpoint
from backend.affinity.field import AffinityField, Provenance
from backend.affinity.things import Things
from backend.errors import BadInput
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.language.index import TextIndex
from backend.scene import Scene

# Written by hand, as the first version did.
FEATURES = np.float16([[1, 0], [0, 1], [0.6, 0.8]])
TENSORS = {
    "features": FEATURES,
    "gate.weight": np.float32([1, -1]),
    "gate.bias": np.float32([0, np.inf]),
    "scale_map.physical": np.array([0.1, 0.5]),
    "scale_map.unit": np.array([0.0, 1.0]),
}
SAID = {
    **{"scene": "a.ply", "fingerprint": "abc", "engine_version": "0.1.0", "recipe": "fast"},
    **{"steps": 1, "seed": 2, "views": 3, "masks": 4, "loss": 0.5},
}
STATE = json.dumps(
    {"steps_done": 3, "loss": 0.5, "rng": np.random.default_rng(0).bit_generator.state}
)
METADATA = {"format": "saga-field-1", "provenance": json.dumps(SAID)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "field.safetensors"


def test_version_1_is_read_and_is_what_is_written(path):
    path.write_bytes(save(TENSORS, METADATA))
    field, provenance = AffinityField.load(path)
    np.testing.assert_array_equal(field.features.numpy(), FEATURES.astype(np.float32))
    np.testing.assert_allclose(field.gate_at(0.0).numpy(), [0.5, 1])
    assert field.scale_map.to_physical(0.25) == pytest.approx(0.2)
    assert provenance == Provenance(**SAID)
    field.save(path, provenance)
    with safe_open(path, "np") as file:
        assert file.metadata() == METADATA
        for name in file.keys():  # noqa: SIM118
            np.testing.assert_array_equal(file.get_tensor(name), TENSORS[name])


THINGS = {
    "things.first": np.array([0, 2, 3]),
    "things.gaussians": np.int32([0, 2, 1]),
    "things.belonging": np.uint8([255, 128, 200]),
    "things.scales": np.array([0.2, 1.0]),
    "things.agreement": np.array([0.6, 0.9]),
}


def test_a_thing_takes_what_belongs_to_it_more_surely_than_a_threshold():
    belonging = sp.csc_array(np.uint8([[191], [192], [0]]))
    things = Things(belonging, np.zeros(1), np.ones(1))
    assert things.selected(0.75).toarray().ravel().tolist() == [False, True, False]  # of 191.25
    assert things.selected(0.0).toarray().ravel().tolist() == [True, True, False]


def test_things_are_kept_with_it(path):
    path.write_bytes(save(TENSORS | THINGS, METADATA))
    field, provenance = AffinityField.load(path)
    np.testing.assert_array_equal(field.things.belonging.toarray().T, [[255, 0, 128], [0, 200, 0]])
    np.testing.assert_array_equal(field.things.scales, [0.2, 1.0])
    field.save(path, provenance)
    again = AffinityField.load(path)[0].things
    assert (again.belonging != field.things.belonging).nnz == 0
    np.testing.assert_array_equal(again.agreement, [0.6, 0.9])


def test_things_of_a_file_that_does_not_say_how_much_views_agree_count_in_full(path):
    older = {name: array for name, array in THINGS.items() if name != "things.agreement"}
    path.write_bytes(save(TENSORS | older, METADATA))
    np.testing.assert_array_equal(AffinityField.load(path)[0].things.agreement, [1, 1])


@pytest.mark.parametrize(
    "name, words",
    [
        ("saga-field-2", "newer SAGA.*Update the add-on"),
        ("saga-field-x", "its format is"),
        ("another", "its format is"),
    ],
)
def test_another_format_is_refused_by_name(path, name, words):
    path.write_bytes(save(TENSORS, METADATA | {"format": name}))
    with pytest.raises(BadInput, match=words):
        AffinityField.load(path)


LIES = {
    "one axis": {"features": FEATURES[0]},
    "no Gaussians": {"features": FEATURES[:0]},
    "a gate that would fill any memory": {"features": np.zeros((0, 1 << 40), np.float16)},
    "a feature that is NaN": {"features": np.float16([[1, 0], [0, np.nan], [0.6, 0.8]])},
    "a feature that is infinite": {"features": np.float16([[1, 0], [0, 1], [-np.inf, 0.8]])},
    "features of no numbers": {"features": FEATURES[:, :0]},
    "whole numbers": {"features": FEATURES.astype(np.int32)},
    "a gate of another size": {"gate.bias": np.float32([0])},
    "a gate that is NaN": {"gate.weight": np.float32([0, np.nan])},
    "a scale map of two lengths": {"scale_map.unit": np.zeros(3)},
    "an empty scale map": {"scale_map.physical": np.zeros(0), "scale_map.unit": np.zeros(0)},
    "a scale map that is NaN": {"scale_map.physical": np.array([0.5, np.nan])},
    "a scale map that falls": {"scale_map.physical": np.array([0.5, 0.1])},
    "things of no Gaussian": THINGS | {"things.gaussians": np.int32([0, 3, 1])},
    "things before the first Gaussian": THINGS | {"things.gaussians": np.int32([0, -1, 1])},
    "things that end before they begin": THINGS | {"things.first": np.array([0, 4, 3])},
    "things that end beyond the last": THINGS | {"things.first": np.array([0, 2, 9])},
    "things whose ends leap over all numbers": THINGS
    | {
        "things.first": np.array([0, 2**63 - 1, -2, 3]),
        "things.scales": np.array([0.2, 0.5, 1.0]),
    },
    "more things than scales": THINGS | {"things.first": np.array([0, 1, 2, 3])},
    "things of another type": THINGS | {"things.belonging": np.float32([1, 1, 1])},
    "things of a scale beyond all": THINGS | {"things.scales": np.array([0.2, 1.5])},
    "things agreed on beyond all": THINGS | {"things.agreement": np.array([0.2, 1.5])},
    "things that somebody agreed on": THINGS | {"things.agreement": np.ones(3)},
    "things of which nothing belongs": THINGS | {"things.belonging": np.uint8([255])},
    "half of what things are": {"things.scales": THINGS["things.scales"]},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_tensors_that_are_no_field_are_refused(path, lie):
    path.write_bytes(save(TENSORS | lie, METADATA))
    with pytest.raises(BadInput, match="Train the scene again"):
        AffinityField.load(path)


@pytest.mark.parametrize("lie", [{"fingerprint": 3}, {"loss": float("nan")}, {"more": 1}])
def test_a_wrong_provenance_is_refused(path, lie):
    path.write_bytes(save(TENSORS, METADATA | {"provenance": json.dumps(SAID | lie)}))
    with pytest.raises(BadInput, match="Train the scene again"):
        AffinityField.load(path)


def test_features_of_more_gaussians_than_the_scene_has_are_refused(tmp_path):
    """Whatever the fingerprint says: a query would reach beyond them."""
    zeros = np.zeros((1, 4), np.float32)
    cloud = GaussianCloud(zeros[:, :3], zeros + 1, zeros[:, :3], zeros[:, 0], zeros[:, None, :3])
    write_ply(tmp_path / "a.ply", cloud)
    scene = Scene(tmp_path / "a.ply", "cpu")
    metadata = METADATA | {"provenance": json.dumps(SAID | {"fingerprint": scene.fingerprint})}
    scene.workspace.folder.mkdir()
    scene.workspace.field.write_bytes(save(TENSORS, metadata))
    with pytest.raises(BadInput, match="Train the scene again"):
        _ = scene.trained
    one = {"features": FEATURES[:1]}
    scene.workspace.field.write_bytes(save(TENSORS | one, metadata))
    assert len(scene.trained.field.features) == 1


def test_what_only_saves_time_is_made_again_when_it_is_damaged(path):
    for damage in (b"", save(TENSORS, {"key": "k"}), save(TENSORS, {"key": "k", "numbers": "{"})):
        path.write_bytes(damage)
        assert Checkpoint(path, "k").load({}, 9) is None
        assert TextIndex.load(path, "k", 3) is None


MAPS = Path("/proc/self/maps")  # what files this process has in its memory


@pytest.mark.skipif(not MAPS.exists(), reason="only Linux tells which files are mapped")
def test_a_file_that_was_read_is_let_go_of(path):
    """Windows replaces no file that is mapped: a second training could not be saved."""
    path.write_bytes(save(TENSORS | THINGS, METADATA | {"key": "k", "numbers": STATE}))
    field, _ = AffinityField.load(path)
    state = Checkpoint(path, "k").load({"features": torch.from_numpy(FEATURES)}, 9)
    assert field and state and str(path) not in MAPS.read_text()


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, b"{}", None])
def test_a_damaged_file_is_refused(path, damage):
    path.write_bytes(save(TENSORS, METADATA)[:-10] if damage is None else damage)
    with pytest.raises(BadInput, match="Train the scene again"):
        AffinityField.load(path)
