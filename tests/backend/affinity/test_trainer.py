"""Training on the panels: what belongs together is found, at each of the two scales."""

import gc
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.affinity import checkpoint
from backend.affinity.checkpoint import Checkpoint, training_key
from backend.affinity.field import AffinityField, Provenance
from backend.affinity.ray_bank import build_ray_bank
from backend.affinity.recipes import RECIPES, recipe_named
from backend.affinity.trainer import Trainer
from backend.errors import BadInput, Cancelled
from backend.rendering import make_rasterizer
from backend.segmentation.click import select
from backend.segmentation.decompose import cluster
from backend.segmentation.marks import Mark

SHORT = replace(RECIPES["fast"], steps=150, pixels=200)


@pytest.fixture(scope="module")
def rasterizer(panels):
    return make_rasterizer(panels.cloud, "cpu")


@pytest.fixture(scope="module")
def bank(panels, rasterizer):
    return build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0))


@pytest.fixture(scope="module", params=["fast", "paper"])
def field(request, panels, bank):
    recipe = replace(RECIPES[request.param], steps=SHORT.steps, pixels=SHORT.pixels)
    if request.param == "paper":
        recipe = replace(recipe, steps=100)
    return Trainer(panels.cloud.means, bank, recipe).run()


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_a_click_selects_the_part_at_small_and_the_whole_at_large_scale(panels, rasterizer, field):
    lower_half_of_panel_0 = np.array([[23, 28]])
    query = Mark(field, rasterizer.trace(panels.cameras[0], lower_half_of_panel_0)).feature
    assert iou(select(field, [query], 0.0, 0.75), panels.parts == 3) > 0.9
    assert iou(select(field, [query], 1.0, 0.75), panels.objects == 0) > 0.9


def test_the_scene_falls_into_parts_at_small_and_into_objects_at_large_scale(panels, field):
    for scale, truth in ((0.0, panels.parts), (1.0, panels.objects)):
        labels = cluster(field, scale)
        fits = [
            max(iou(labels == k, truth == thing) for k in range(labels.max() + 1))
            for thing in np.unique(truth)
        ]
        assert np.mean(fits) > 0.9


def test_the_same_seed_gives_the_same_field(panels, bank):
    first, second, other = (
        Trainer(panels.cloud.means, bank, replace(SHORT, steps=5), seed).run().features
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.fixture(scope="module")
def after_three_steps(panels, bank):
    """The field that a recipe comes to, where it is the short one but for some settings."""
    return lambda **other: Trainer(panels.cloud.means, bank, replace(SHORT, steps=3, **other)).run()


@pytest.fixture(scope="module")
def unchanged(after_three_steps):
    return after_three_steps()


@pytest.mark.parametrize(
    "other",
    [
        {"learning_rate": 1e-3}, {"gate_learning_rate": 1e-3}, {"warm_start": False},
        {"annealed": False}, {"neighbours": 1}, {"gated": False}, {"norm_term": False},
        {"resampled": False}, {"reweighted": False}, {"pixels": 50}, {"scales": 3},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_each_setting_of_a_recipe_counts(after_three_steps, unchanged, other):
    assert not torch.equal(after_three_steps(**other).features, unchanged.features)


def test_features_and_gate_both_start_warm(after_three_steps, unchanged):
    one, other = (after_three_steps(gated=False, warm_start=warm) for warm in (True, False))
    assert not torch.equal(one.features, other.features)  # by their start alone
    assert unchanged.gate.weight.min() < -10  # far from the random start, a standard normal


def test_what_a_training_held_is_free_as_soon_as_it_is_let_go_of(panels, bank):
    trainer = Trainer(panels.cloud.means, bank, replace(SHORT, steps=2))
    trainer.run()
    left = weakref.ref(trainer)
    gc.disable()  # a million Gaussians take 0.9 GB, and things would be agreed on beside them
    try:
        del trainer
        assert left() is None
    finally:
        gc.enable()


def test_a_killed_training_goes_on_and_ends_the_same(panels, bank, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.0)
    monkeypatch.setattr(checkpoint, "COST", 0)
    recipe = replace(SHORT, steps=12)

    def kept():
        return Checkpoint(tmp_path / "scene.saga" / "training.safetensors", "same")

    def killed_at_7(stage, fraction, detail=""):
        if fraction == 7 / 12:
            raise Cancelled

    uninterrupted = Trainer(panels.cloud.means, bank, recipe).run().features
    with pytest.raises(Cancelled):
        Trainer(panels.cloud.means, bank, recipe).run(killed_at_7, kept())
    told = []
    resumed = Trainer(panels.cloud.means, bank, recipe)
    features = resumed.run(lambda *said: told.append(said), kept()).features
    steps = [fraction for stage, fraction, *_ in told if stage == "Training"]
    assert steps == [step / 12 for step in range(7, 13)]
    assert torch.equal(features, uninterrupted)


def test_a_checkpoint_that_cannot_be_saved_is_told_of_and_training_goes_on(
    panels, bank, tmp_path, monkeypatch
):
    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.0)
    (tmp_path / "file").touch()
    unwritable = Checkpoint(tmp_path / "file" / "training.safetensors", "key")
    told = []
    trainer = Trainer(panels.cloud.means, bank, replace(SHORT, steps=3))
    trainer.run(lambda *said: told.append(said), unwritable)
    assert trainer.steps_done == 3
    assert "training.safetensors cannot be written" in told[-2][2]  # the last: of the smoothing


def test_no_more_than_a_twentieth_of_the_time_goes_into_checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.01)
    monkeypatch.setattr(checkpoint, "save_tensors", lambda *_: time.sleep(0.05))
    slow = Checkpoint(tmp_path / "training.safetensors", "key")
    slow.save({}, {})
    time.sleep(0.1)
    assert not slow.is_due()


def test_what_is_no_state_of_this_training_is_ignored_as_a_whole(panels, bank, tmp_path):
    recipe = replace(SHORT, steps=12)
    features = Trainer(panels.cloud.means, bank, recipe).run().features
    stopped = Trainer(panels.cloud.means, bank, recipe)
    for _ in range(7):
        stopped.step()
    tensors, numbers = stopped._state()
    values = tensors["features.values"]
    no_number = values.clone()
    no_number[-1, -1] = torch.nan
    state = numbers["rng"]
    still = state | {"state": {"state": 0, "inc": 0}}  # draws nothing but zeros: some wait for ever
    path = tmp_path / "training.safetensors"

    def assert_starts_over(tensors, numbers, key="same"):
        Checkpoint(path, key).save(tensors, numbers)
        again = Trainer(panels.cloud.means, bank, recipe).run(checkpoint=Checkpoint(path, "same"))
        assert torch.equal(again.features, features)

    assert_starts_over(tensors, numbers | {"loss": -1.0}, key="another training")
    assert_starts_over({k: v for k, v in tensors.items() if k != "features.values"}, numbers)
    for wrong in (values[1:], values.double(), values.T, no_number):
        assert_starts_over(tensors | {"features.values": wrong}, numbers)

    for wrong in (
        *({"steps_done": n} for n in (13, -1, 7.0, True, None, "7")),
        *({"loss": x} for x in (float("nan"), float("inf"), 10**400, None, "x")),
        *({"rng": x} for x in (still, None, [], state | {"bit_generator": "MT19937"})),
        {"loss": "1" * 5000},
    ):
        Checkpoint(path, "same").save(tensors, numbers | wrong)
        assert Checkpoint(path, "same").load(tensors, 12) is None, wrong
    Checkpoint(path, "same").save(tensors, numbers)
    assert Checkpoint(path, "same").load(tensors, 12)[1] == numbers
    path.write_bytes(b"damaged")
    assert Checkpoint(path, "same").load(tensors, 12) is None


def test_training_key_tells_trainings_apart(bank):
    keys = {
        training_key("scene", bank, SHORT, 0),
        training_key("scene", bank, SHORT, 1),
        training_key("other scene", bank, SHORT, 0),
        training_key("scene", bank[1:], SHORT, 0),
        training_key("scene", bank, replace(SHORT, scales=3), 0),
        *(training_key("scene", [replace(bank[0], **other), *bank[1:]], SHORT, 0) for other in (
            {"name": "another view"},
            {"membership": ~bank[0].membership},
            {"mask_scales": 2 * bank[0].mask_scales},
        )),
    }  # fmt: skip
    assert len(keys) == 8
    assert training_key("scene", bank, SHORT, 0) in keys


def test_saved_field_answers_the_same(panels, rasterizer, field, tmp_path):
    provenance = Provenance("a.ply", "abc", "0.1.0", "fast", 1, 2, 3, 4, 0.5)
    field.save(tmp_path / "scene.saga" / "field.safetensors", provenance)
    loaded, its_provenance = AffinityField.load(tmp_path / "scene.saga" / "field.safetensors")
    assert its_provenance == provenance
    query = Mark(field, rasterizer.trace(panels.cameras[0], np.array([[23, 28]]))).feature
    for scale in (0.0, 0.5, 1.0):
        before, after = (select(f, [query], scale, 0.75) for f in (field, loaded))
        assert iou(before, after) > 0.999


def test_recipes_by_name():
    assert recipe_named("paper", 1_000_000).steps == 10_000
    assert recipe_named("fast", 1_000_000, 7).steps == 7
    few, same, many = (recipe_named("fast", count).steps for count in (100, 100_000, 3_200_000))
    assert few == same == RECIPES["fast"].steps and many == 8 * same
    with pytest.raises(BadInput, match="fast"):
        recipe_named("slow", 1)
    with pytest.raises(BadInput):
        recipe_named("fast", 1, -1)
