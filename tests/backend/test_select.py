"""Select, asked of the engine: on panels whose features are exactly what training aims at."""

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from backend.affinity.field import AffinityField, Provenance
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.affinity.things import Things
from backend.cameras.cameras_json import camera_entry
from backend.engine import Engine
from backend.errors import BadInput
from backend.gaussians.fingerprint import fingerprint
from backend.gaussians.ply import read_ply, write_ply
from backend.protocol import Click, Decompose, Eye, Select, clicks_along, spread_along
from backend.scene import Scene
from backend.segmentation.similarity import THRESHOLD

SKY, LOWER, UPPER, MIDDLE, RIGHT = (90, 2), (23, 28), (23, 20), (48, 24), (70, 24)


def field_of(features: np.ndarray, objects: int) -> AffinityField:
    """Parts count up to the middle of the scales, from there on only the first `objects`."""
    gate = ScaleGate(features.shape[1])
    closing = torch.arange(features.shape[1]) >= objects
    gate.load_state_dict({"weight": -80.0 * closing, "bias": torch.full((len(closing),), 40.0)})
    return AffinityField(torch.from_numpy(features), gate, ScaleMap.fit(np.array([1.0, 3.0])))


def save(scene: Scene, field: AffinityField) -> None:
    provenance = Provenance("panels.ply", fingerprint(scene.cloud), "0", "fast", 1, 0, 3, 4, 0.1)
    field.save(scene.workspace.field, provenance)


@pytest.fixture(scope="module")
def folder(panels, tmp_path_factory):
    """The panels on disk, with views of all three."""
    folder = tmp_path_factory.mktemp("panels")
    write_ply(folder / "panels.ply", panels.cloud)
    entries = [camera_entry(k, camera) for k, camera in enumerate(panels.cameras)]
    (folder / "cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    objects, parts = np.eye(3)[panels.objects], np.eye(4)[panels.parts]
    features = np.hstack([objects, 2 * parts]).astype(np.float32)
    save(Scene(folder / "panels.ply", "cpu"), field_of(features, objects=3))
    return folder


@pytest.fixture(scope="module")
def engine():
    return Engine("cpu")


@pytest.fixture
def ask(engine, folder):
    """What a request on the first view selects, and the answer."""

    def ask(**prompts):
        message = Select(str(folder / "panels.ply"), view="0.png")
        reply = engine.handle(replace(message, **prompts))
        mask = np.unpackbits(reply.mask, count=reply.total).astype(bool)
        assert reply.count == mask.sum()
        return mask, reply

    return ask


def test_a_request_has_the_threshold_that_things_are_told_apart_by():
    assert Select("").threshold == THRESHOLD


def test_the_scale_says_how_much_and_is_answered_in_scene_units(ask, panels):
    part, small = ask(pixel=LOWER, scale=0.0)
    whole, large = ask(pixel=LOWER, scale=1.0)
    np.testing.assert_array_equal(part, panels.parts == 3)
    np.testing.assert_array_equal(whole, panels.objects == 0)
    assert (small.physical_scale, large.physical_scale) == (1.0, 3.0)


def test_steps_lead_from_part_to_whole_and_back(ask, panels):
    whole, larger = ask(pixel=LOWER, scale=0.1, step=1)
    part, smaller = ask(pixel=LOWER, scale=larger.scale, step=-1)
    np.testing.assert_array_equal(whole, panels.objects == 0)
    np.testing.assert_array_equal(part, panels.parts == 3)
    assert smaller.scale < 0.5 < larger.scale


def test_clicks_of_several_views_add_up_and_take_away(ask, panels):
    also = Click(view="2", pixel=RIGHT)
    mask, _ = ask(pixel=LOWER, scale=1.0, clicks=(also,))
    np.testing.assert_array_equal(mask, np.isin(panels.objects, [0, 2]))
    beside = Click(wanted=False, view="0", pixel=UPPER)
    mask, _ = ask(pixel=LOWER, scale=0.0, threshold=-1.0, clicks=(beside,))
    assert mask[panels.parts == 3].all() and not mask[panels.parts == 0].any()


def test_what_is_unwanted_counts_only_on_another_thing_where_the_wanted_wins(ask, panels):
    beside = Click(wanted=False, view="0", pixel=UPPER)
    taken = {"pixel": LOWER, "clicks": (beside,), "wanted_wins": True}
    whole, _ = ask(scale=1.0, **taken)  # there both are of one object
    np.testing.assert_array_equal(whole, panels.objects == 0)
    part, _ = ask(scale=0.0, threshold=-1.0, **taken)
    assert part[panels.parts == 3].all() and not part[panels.parts == 0].any()


def test_a_scribble_takes_all_it_runs_over(ask, panels):
    stroke = clicks_along("0", [LOWER, MIDDLE])  # and over the gap between two panels
    assert len(stroke) == 14 and stroke[0].pixel == LOWER and stroke[-1].pixel == MIDDLE
    mask, _ = ask(scale=1.0, clicks=stroke)
    np.testing.assert_array_equal(mask, panels.objects < 2)
    assert clicks_along("0", [LOWER]) == (Click(view="0", pixel=LOWER),)


@pytest.mark.parametrize(
    ("box", "chosen"),
    [
        ((18, 13, 39, 35), lambda panels: panels.objects == 0),
        ((18, 24, 39, 35), lambda panels: panels.parts == 3),
        ((45, 13, 66, 35), lambda panels: panels.objects == 1),
    ],
)
def test_a_box_finds_the_thing_and_its_scale(ask, panels, box, chosen):
    mask, _ = ask(box=box, scale=None)
    np.testing.assert_array_equal(mask, chosen(panels))


def test_a_box_in_a_picture_that_no_file_knows(ask, panels):
    """The first view seen by an eye that looks past the middle of a larger picture."""
    camera = panels.cameras[0]
    eye = Eye(tuple(camera.position), (1, 0, 0, 0), camera.fx, (200, 100), (camera.cx, camera.cy))
    box = (18, 24, 39, 35)
    part, found = ask(box=box, eye=eye, view="", scale=None)
    np.testing.assert_array_equal(part, panels.parts == 3)
    assert found.scale < 0.5
    whole, _ = ask(box=box, eye=eye, view="", scale=1.0)  # a scale that is given counts
    np.testing.assert_array_equal(whole, panels.objects == 0)


def test_a_stroke_that_grows_keeps_its_places():
    short, long = spread_along([(0, 0), (30, 0)]), spread_along([(0, 0), (50, 0), (50, 60)])
    assert max(len(short), len(long)) <= 16 and long[-1] == (50, 60)
    assert {(0, 0), (8, 0), (16, 0), (24, 0)} == {place for place in long if place[0] < 30}
    assert {place for place in long if place[0] < 30} <= set(short)


def test_what_is_no_longer_there_is_neither_hit_nor_selected(ask, panels):
    rest = np.flatnonzero(panels.parts != 0).astype(np.int32)[::-1].copy()
    mask, _ = ask(pixel=LOWER, scale=1.0, subset=rest, refine=True)
    np.testing.assert_array_equal(mask, panels.parts == 3)
    with pytest.raises(BadInput, match="nothing under the click"):
        ask(pixel=UPPER, subset=rest)
    others = np.flatnonzero(panels.parts != 3).astype(np.int32)
    for _ in range(2):  # each object has its own rest: one after the other, and again
        np.testing.assert_array_equal(ask(pixel=UPPER, subset=others)[0], panels.parts == 0)
        np.testing.assert_array_equal(ask(pixel=LOWER, subset=rest)[0], panels.parts == 3)


def test_views_outvote_a_gaussian_that_was_learned_wrongly(engine, panels, tmp_path):
    wrong = np.flatnonzero(panels.objects == 0)[[105, 250, 333]]
    features = np.eye(3, dtype=np.float32)[panels.objects]
    features[wrong] = [0, 1, 0]
    write_ply(tmp_path / "panels.ply", panels.cloud)
    close = [camera.resized(192, 96) for camera in panels.cameras]  # several pixels a Gaussian
    entries = [camera_entry(k, camera) for k, camera in enumerate(close)]
    (tmp_path / "cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    save(Scene(tmp_path / "panels.ply", "cpu"), field_of(features, objects=3))
    click = Select(str(tmp_path / "panels.ply"), view="0", pixel=(46, 56))
    plain, refined = (
        np.unpackbits(engine.handle(replace(click, refine=refine)).mask, count=1200).astype(bool)
        for refine in (False, True)
    )
    assert not plain[wrong].any() and refined[wrong].all()
    assert np.count_nonzero(refined != (panels.objects == 0)) < 10


def test_strays_are_left_out(tmp_path, panels, engine):
    means = panels.cloud.means.copy()
    means[0] += [0, 0, 40]  # far behind the panel that it belongs to
    ply = tmp_path / "stray.ply"
    write_ply(ply, replace(panels.cloud, means=means))
    (tmp_path / "cameras.json").write_text(
        json.dumps([camera_entry(0, panels.cameras[0])]), encoding="utf-8"
    )
    save(Scene(ply, "cpu"), field_of(np.eye(3, dtype=np.float32)[panels.objects], objects=3))
    click = Select(str(ply), view="0", pixel=LOWER)
    reply = engine.handle(replace(click, without_strays=True))
    mask = np.unpackbits(reply.mask, count=reply.total).astype(bool)
    np.testing.assert_array_equal(np.flatnonzero((panels.objects == 0) & ~mask), [0])


@pytest.fixture(scope="module")
def ask_of_things(engine, panels, folder, tmp_path_factory):
    """As `ask`, of features that tell nothing apart: only the things know of two panels."""
    copied = tmp_path_factory.mktemp("things")
    for name in ("panels.ply", "cameras.json"):
        (copied / name).write_bytes((folder / name).read_bytes())
    members = [panels.parts == 0, panels.parts == 3, panels.objects == 0, panels.objects == 1]
    belonging = sp.csc_array(255 * np.array(members, np.uint8).T)
    field = field_of(np.eye(3, dtype=np.float32)[panels.objects], objects=3)
    known = Things(belonging, np.array([0.1, 0.1, 0.6, 0.6]), np.ones(4))
    save(Scene(copied / "panels.ply", "cpu"), replace(field, things=known))

    def ask(**prompts):
        message = Select(str(copied / "panels.ply"), view="0.png")
        reply = engine.handle(replace(message, **prompts))
        return np.unpackbits(reply.mask, count=reply.total).astype(bool), reply.scale

    return ask


def test_a_click_takes_the_thing_of_its_scale_that_masks_agree_on(ask_of_things, panels):
    part, _ = ask_of_things(pixel=LOWER, scale=0.2)
    np.testing.assert_array_equal(part, panels.parts == 3)
    whole, scale = ask_of_things(pixel=LOWER, scale=None)
    np.testing.assert_array_equal(whole, panels.objects == 0)
    assert scale == 0.6
    smaller, scale = ask_of_things(pixel=LOWER, scale=None, step=-1)
    np.testing.assert_array_equal(smaller, part)
    assert scale == 0.1


def test_where_no_thing_is_likeness_tells(ask_of_things, panels):
    both, _ = ask_of_things(pixel=LOWER, scale=0.6, clicks=(Click(view="2", pixel=RIGHT),))
    np.testing.assert_array_equal(both, np.isin(panels.objects, [0, 2]))


def test_an_unwanted_click_takes_its_thing_away(ask_of_things, panels):
    beside = Click(wanted=False, view="0", pixel=UPPER)
    rest, _ = ask_of_things(pixel=LOWER, scale=0.5, clicks=(beside,))
    np.testing.assert_array_equal(rest, panels.parts == 3)
    whole, _ = ask_of_things(pixel=LOWER, scale=0.5, clicks=(beside,), wanted_wins=True)
    np.testing.assert_array_equal(whole, panels.objects == 0)
    elsewhere = Click(wanted=False, view="2", pixel=RIGHT)
    kept, _ = ask_of_things(pixel=LOWER, scale=0.5, clicks=(elsewhere,))
    np.testing.assert_array_equal(kept, panels.objects == 0)


REFUSED = {
    "nothing at all": ({}, "Nothing was clicked"),
    "only what is not wanted": ({"clicks": (Click(False, "0", LOWER),)}, "Nothing was clicked"),
    "the sky": ({"pixel": SKY}, "nothing under the click"),
    "outside the picture": ({"pixel": (96, 3)}, "outside the picture"),
    "left of the picture": ({"pixel": (-0.5, 3)}, "outside the picture"),
    "nowhere": ({"pixel": (float("nan"), 3)}, "outside the picture"),
    "half a ray": ({"ray_origin": (0, 0, -3)}, "no place"),
    "a ray of no length": (
        {"ray_origin": (0, 0, -3), "ray_direction": (0, 0, 0)},
        "no direction",
    ),
    "a ray away from it all": (
        {"ray_origin": (0, 0, -3), "ray_direction": (0, 0, -1)},
        "nothing under the click",
    ),
    "no such view": ({"pixel": LOWER, "view": "9"}, "no view"),
    "a scale above one": ({"pixel": LOWER, "scale": 1.01}, "scale"),
    "a scale below zero": ({"pixel": LOWER, "scale": -0.01}, "scale"),
    "an empty box": ({"box": (30, 13, 30, 35)}, "box"),
    "a box outside": ({"box": (30, 13, 300, 35)}, "box"),
    "a box of sky": ({"box": (0, 0, 96, 3)}, "nothing in the box"),
    "nothing left": ({"pixel": LOWER, "subset": np.empty(0, np.int32)}, "does not belong"),
    "a subset of fractions": ({"pixel": LOWER, "subset": np.arange(9.0)}, "does not belong"),
    "a subset by mask": ({"pixel": LOWER, "subset": np.ones(1200, bool)}, "does not belong"),
    "a subset of two axes": ({"pixel": LOWER, "subset": np.zeros((3, 2), int)}, "does not belong"),
}


@pytest.mark.parametrize(("prompts", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_with_advice(ask, prompts, words):
    with pytest.raises(BadInput, match=words) as refused:
        ask(**prompts)
    assert refused.value.advice


@pytest.fixture
def one_object(panels, folder, tmp_path):
    """The panels as parts of one object: above 0.5 all features are the same."""
    for name in ("panels.ply", "cameras.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    features = np.hstack([np.ones((len(panels.parts), 1)), 2 * np.eye(4)[panels.parts]])
    scene = Scene(tmp_path / "panels.ply", "cpu")
    save(scene, field_of(features.astype(np.float32), objects=1))
    return str(scene.path)


def test_the_automatic_scale_is_none_that_takes_everything(panels, engine, one_object):
    reply = engine.handle(Select(one_object, view="0", pixel=LOWER, scale=None))
    assert reply.count == (panels.parts == 3).sum() and reply.scale <= 0.5


def test_a_scale_at_which_all_is_one_object_is_left_out_of_a_decomposition(
    panels, engine, one_object
):
    reply = engine.handle(Decompose(one_object, scales=(1.0, 0.0)))
    assert reply.scales == (0.0,) and len(reply.labels) == 1
    pairs = np.unique(np.stack([reply.labels[0], panels.parts]), axis=1)
    assert pairs.shape == (2, 4), "each label is one part"
    with pytest.raises(BadInput, match=r"at scale 0\.8"):
        engine.handle(Decompose(one_object, scales=(1.0, 0.8)))


def test_more_scales_than_an_answer_holds_are_refused_before_the_work(
    engine, one_object, monkeypatch
):
    monkeypatch.setattr("backend.answers.decompose.MAX_ARRAY_BYTES", 4 * 1200)
    assert engine.handle(Decompose(one_object, scales=(0.0,))).labels.shape == (1, 1200)
    with pytest.raises(BadInput) as refused:
        engine.handle(Decompose(one_object, scales=(0.0, 0.1)))
    assert refused.value.advice == "Give fewer scales."


def test_features_that_are_all_the_same_are_said_to_tell_nothing_apart(engine, folder, tmp_path):
    for name in ("panels.ply", "cameras.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    ply = tmp_path / "panels.ply"
    save(Scene(ply, "cpu"), field_of(np.ones((len(read_ply(ply).cloud), 4), np.float32), 4))
    box = {"pixel": None, "box": (18, 13, 39, 35), "scale": None}
    for options in ({}, {"scale": None}, {"scale": 0.2, "step": 1}, box):
        with pytest.raises(BadInput, match="told apart"):
            engine.handle(replace(Select(str(ply), view="0", pixel=LOWER), **options))
