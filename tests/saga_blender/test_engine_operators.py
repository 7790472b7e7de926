"""Train, select and split with a real engine process, on a scene of two balls."""

import json
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector
from two_balls import BALL, CENTRES, RADIUS, write_views

from backend.language.words import WORDS

ROOT = Path(__file__).resolve().parents[2]


def two_balls(ply) -> np.ndarray:
    rows = ply.rows(len(BALL), 0)
    points = np.column_stack([rows[axis] for axis in "xyz"])
    points *= RADIUS / np.linalg.norm(points, axis=1, keepdims=True)
    for k, axis in enumerate("xyz"):
        rows[axis] = points[:, k] + CENTRES[BALL, k]
        rows[f"scale_{k}"] = np.log(0.06)
    rows["opacity"] = 4
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("balls")


@pytest.fixture
def balls(engine, ply, folder):
    """The two balls, trained on (once for this module), turned and moved in the scene."""
    path = folder / "balls.ply"
    if not path.exists():
        ply.write(path, two_balls(ply))
        write_views(folder, folder / "balls.saga" / "masks")
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    obj = bpy.context.object
    obj.matrix_world = Matrix.LocRotScale((3, 4, 5), Matrix.Rotation(0.8, 3, "Y"), (2, 2, 2))
    bpy.context.view_layer.update()
    if not (folder / "balls.saga" / "field.safetensors").exists():
        bpy.context.scene.saga.steps = 40
        assert bpy.ops.saga.train() == {"FINISHED"}
    return obj


def click(obj, origin, target, **settings):
    """A click along a line that is given in the frame of the splat."""
    start, end = obj.matrix_world @ Vector(origin), obj.matrix_world @ Vector(target)
    return bpy.ops.saga.select(
        ray_origin=start, ray_direction=end - start, pixel_angle=0.01, **settings
    )


def test_a_click_selects_the_ball_and_split_takes_it_out(addon, balls):
    splat_object = addon("saga_blender.splat_object")
    obj = balls
    click(obj, (-1, 0, -5), (-1, 0, 0), scale=0.0)
    selected = splat_object.selection(obj.data)
    assert (selected == (BALL == 0)).mean() > 0.95

    bpy.ops.saga.split()
    part = bpy.context.object
    assert len(part.data.points) == np.count_nonzero(selected)

    # The way through the left ball's place is free now: what is hit is the right one.
    bpy.context.view_layer.objects.active = obj
    click(obj, (-5, 0, 0), (5, 0, 0), scale=0.0)
    remaining = BALL[splat_object.scene_index(obj.data)]
    assert (splat_object.selection(obj.data) == (remaining == 1)).mean() > 0.9
    assert not splat_object.selection(part.data).any()


def test_clicks_add_subtract_and_intersect(addon, balls):
    def selected():
        chosen = addon("saga_blender.splat_object").selection(balls.data)
        return [round(float(chosen[ball == BALL].mean()), 1) for ball in (0, 1)]

    for x, operation, expected in (
        (-1, "SET", [1, 0]),
        (1, "ADD", [1, 1]),
        (1.1, "SUBTRACT", [1, 0]),  # what was just added goes again
        (1, "ADD", [1, 1]),
        (-1, "SUBTRACT", [0, 1]),
        (-1, "INTERSECT", [0, 0]),
    ):
        click(balls, (x, 0, -5), (x, 0, 0), scale=0.0, operation=operation)
        assert selected() == expected


def eye(obj, x=0.0, frame=None):
    """An eye five units before the balls: there one is 100 pixels wide, 100 beside the middle."""
    frame = obj.matrix_world if frame is None else frame
    turn = frame.to_quaternion().inverted()
    picture = {"focal": 500, "size": (400, 300), "centre": (200, 150)}
    return {"position": frame @ Vector((x, 0, -5)), "rotation": turn, **picture}


def path(*places):
    """Where the mouse went, as Blender hands it to an operator."""
    return [{"name": "", "loc": place, "time": 0} for place in places]


def test_a_box_around_a_ball_selects_it_and_the_slider_shows_its_scale(addon, balls):
    selection = addon("saga_blender.splat_object").selection
    clicking, settings = addon("saga_blender.clicks").clicking, bpy.context.workspace.saga
    session = addon("saga_blender.engine.session").session
    settings.scale = 1.0
    bpy.ops.saga.box_around(**eye(balls), path=path((45, 95), (155, 205)))
    one = selection(balls.data)
    assert (one == (BALL == 0)).mean() > 0.95
    assert settings.scale == pytest.approx(clicking.standing().scale) and settings.scale < 1
    assert not session.drain()
    settings.threshold = 0.97  # the box goes on meaning something when a slider moves
    while session.drain():
        pass
    clicking.let_go()
    assert clicking.standing().asked[2] == settings.threshold
    assert not (selection(balls.data) & ~one).any()
    bpy.ops.saga.box_around(**eye(balls), path=path((355, 205), (245, 95)), operation="ADD")
    assert selection(balls.data)[BALL == 1].mean() > 0.95
    with pytest.raises(RuntimeError, match="Nothing was drawn"):
        bpy.ops.saga.box_around(**eye(balls), path=path((45, 95), (46, 205)))
    with pytest.raises(RuntimeError, match="nothing in the box"):
        bpy.ops.saga.box_around(**eye(balls), path=path((170, 0), (230, 40)))


@pytest.mark.parametrize("scale", [(-1, 1, 1), (1, 1, 2.5)], ids=["mirrored", "stretched"])
def test_a_box_means_the_ball_that_is_seen_in_it(addon, balls, scale):
    selection = addon("saga_blender.splat_object").selection
    balls.matrix_world = Matrix.LocRotScale(None, Matrix.Rotation(0.6, 3, "Y"), scale)
    bpy.context.view_layer.update()
    means = addon("saga_blender.point_cloud").read(balls.data.attributes["position"])
    x, y, z = np.array(balls.matrix_world.to_3x3()) @ means.T
    places = np.stack([200 + 500 * x / (z + 5), 150 - 500 * y / (z + 5)], axis=1)
    for ball in (0, 1):
        corners = places[ball == BALL].min(axis=0) - 5, places[ball == BALL].max(axis=0) + 5
        bpy.ops.saga.box_around(**eye(balls, frame=Matrix()), path=path(*corners))
        assert (selection(balls.data) == (ball == BALL)).mean() > 0.95


def test_a_stroke_selects_what_it_runs_over_and_takes_away_with_ctrl(addon, balls):
    selection = addon("saga_blender.splat_object").selection
    left, right = path((80, 140), (120, 160), (200, 150)), path((280, 140), (320, 160))
    bpy.ops.saga.scribble_over(**eye(balls), path=left, scale=0.0)  # and over the gap beside it
    assert (selection(balls.data) == (BALL == 0)).mean() > 0.95
    bpy.ops.saga.scribble_over(**eye(balls), path=right, scale=0.0, operation="ADD")
    assert selection(balls.data).mean() > 0.95
    bpy.ops.saga.scribble_over(**eye(balls), path=left, scale=0.0, operation="SUBTRACT")
    assert (selection(balls.data) == (BALL == 1)).mean() > 0.95
    with pytest.raises(RuntimeError, match="nothing under"):
        bpy.ops.saga.scribble_over(**eye(balls), path=path((5, 5), (30, 5)))
    with pytest.raises(RuntimeError, match="Nothing was drawn"):
        bpy.ops.saga.scribble_over(**eye(balls))


def test_what_is_connected_and_what_the_automatic_scale_finds(addon, balls):
    selection = addon("saga_blender.splat_object").selection
    click(balls, (-1, 0, -5), (-1, 0, 0), scale=1.0, connected=True)
    assert (selection(balls.data) == (BALL == 0)).mean() > 0.95
    click(balls, (-1, 0, -5), (-1, 0, 0), automatic=True)
    found = selection(balls.data)
    assert max((found == (BALL == 0)).mean(), found.mean()) > 0.95  # the ball, or both


def test_a_higher_scale_takes_both_and_as_that_is_everything_says_so(addon, balls):
    with pytest.raises(RuntimeError, match=r"told apart.*smaller scale"):
        click(balls, (-1, 0, -5), (-1, 0, 0), scale=1.0)
    assert not addon("saga_blender.splat_object").selection(balls.data).any()


def test_a_scene_that_is_not_trained_says_so(engine, ply, tmp_path):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", two_balls(ply))))
    with pytest.raises(RuntimeError, match=r"[Tt]rain"):
        click(bpy.context.object, (-1, 0, -5), (-1, 0, 0))
    with pytest.raises(RuntimeError, match="There are no masks"):
        bpy.ops.saga.train()


def test_an_engine_that_is_not_chosen_or_not_there_says_so(addon, engine, ply, tmp_path):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", two_balls(ply))))
    chosen = addon("saga_blender.preferences").preferences()
    for python, complaint in (
        ("", "is not installed"),
        (str(tmp_path / "no"), "could not be started"),
    ):
        chosen.engine_python = python
        with pytest.raises(RuntimeError, match=complaint + r".*preferences"):
            bpy.ops.saga.train()


def test_an_answer_finds_its_object_by_identity(addon, ply, tmp_path):
    """What comes late: the object was renamed, its file changed, or it is gone."""
    protocol, errors = addon("backend.protocol"), addon("backend.errors")
    clicks = addon("saga_blender.clicks")
    apply = addon("saga_blender.operators.pointing").apply_selection
    workspace = bpy.context.workspace.session_uid
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", two_balls(ply))))
    obj = bpy.context.object
    clicked, asked = clicks.Clicks.on(obj, clicks.Prompt(), "SET"), (0.5, False, 0.75, False)
    obj.name = "renamed"
    reply = protocol.Selected(np.packbits(BALL == 1), 300, len(BALL), 0.5, 1.0)
    assert "300 of 600" in apply(clicked, asked, reply, workspace)
    selected = addon("saga_blender.splat_object").selection(obj.data)
    np.testing.assert_array_equal(selected, BALL == 1)
    other_scene = protocol.Selected(np.packbits(np.ones(700, bool)), 700, 700, 0.5, 1.0)
    with pytest.raises(errors.BadInput, match="has changed"):
        apply(clicked, asked, other_scene, workspace)
    bpy.data.objects.remove(obj)
    assert "gone" in apply(clicked, asked, reply, workspace)


def test_what_was_selected_before_an_answer_came_stays(addon, ply, tmp_path):
    """A brush, a split and a deleted workspace come between a Shift-click and its answer."""
    protocol, clicks = addon("backend.protocol"), addon("saga_blender.clicks")
    splat_object = addon("saga_blender.splat_object")
    apply = addon("saga_blender.operators.pointing").apply_selection
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", two_balls(ply))))
    obj, asked = bpy.context.object, (0.5, False, 0.75, False)
    reply = protocol.Selected(np.packbits(np.arange(600) < 10), 10, 600, 0.5, 1.0)
    aside = bpy.data.workspaces["Animation"]

    def brush():
        splat_object.set_selection(obj.data, np.arange(600) >= 590)

    for between in (brush, bpy.ops.saga.split):
        clicked = clicks.Clicks.on(obj, clicks.Prompt(box=(0, 0, 9, 9)), "ADD")
        brush()
        between()
        before = splat_object.selection(obj.data)
        apply(clicked, asked, reply, aside.session_uid)
        after = splat_object.selection(obj.data)
        assert after[:10].all() and (after[10:] == before[10:]).all()
        bpy.context.view_layer.objects.active = obj
    uid = aside.session_uid
    bpy.data.batch_remove([aside])
    assert clicks.settings_of(uid) is None
    assert "10 of 590" in apply(clicked, asked, reply, uid)


def test_decompose_finds_both_balls_and_splits_them(addon, balls):
    obj, matrix = balls, balls.matrix_world.copy()
    assert bpy.ops.saga.decompose(scale=0.0) == {"FINISHED"}
    labels = addon("saga_blender.splat_object").clusters(obj.data)
    assert max((labels == BALL).mean(), (labels == 1 - BALL).mean()) > 0.95
    counts = {f"Object {k + 1}": np.count_nonzero(labels == k) for k in range(labels.max() + 1)}
    counts |= {"Unassigned": np.count_nonzero(labels < 0)}

    bpy.ops.saga.split_clusters()
    collection = bpy.data.collections["balls objects"]
    parts = {part.name: len(part.data.points) for part in collection.objects}
    assert parts == {name: count for name, count in counts.items() if count}
    bpy.context.view_layer.update()
    for part in set(collection.objects) - {
        bpy.data.objects.get("Unassigned")
    }:  # its origin is in the middle of its ball
        centre = matrix @ Vector(CENTRES[int(part.matrix_world.translation.x > matrix[0][3])])
        assert (part.matrix_world.translation - centre).length < 0.2
    assert set(bpy.data.objects) == set(collection.objects)
    assert len(bpy.data.pointclouds) == len(parts)
    with pytest.raises(RuntimeError, match="told apart"):  # one ball is one object
        bpy.ops.saga.decompose(scale=0.0)


def test_a_slider_asks_again_and_what_it_says_is_taken_over_when_it_rests(addon, balls):
    selection = addon("saga_blender.splat_object").selection
    clicking = addon("saga_blender.clicks").clicking
    session = addon("saga_blender.engine.session").session
    overlay = addon("saga_blender.drawing.overlay").overlay
    click(balls, (-1, 0, -5), (-1, 0, 0), scale=0.0)
    one = selection(balls.data)
    settings = bpy.context.workspace.saga
    settings.scale = 0.0
    for threshold in (0.8, 0.9, 0.99, 0.999):  # only the first and the last are asked
        settings.threshold = threshold
    while session.drain():
        pass
    assert (selection(balls.data) == one).all(), "a moving slider changes no data"
    clicking.let_go()
    strict = selection(balls.data)
    assert not (strict & ~one).any() and strict.sum() < one.sum()
    assert clicking.standing().asked[2] == settings.threshold

    settings.threshold, shown = 0.8, overlay.preview
    bpy.ops.saga.selection(mode="ALL")  # what was clicked is gone: the slider has nothing to say
    while session.drain():
        pass
    clicking.let_go()
    assert selection(balls.data).all() and overlay.preview is shown
    settings.scale = 0.3
    assert not session.drain() and clicking.standing() is None


def test_the_colour_goes_where_there_is_nothing_to_take(addon, balls):
    clicks, protocol = addon("saga_blender.clicks"), addon("backend.protocol")
    overlay = addon("saga_blender.drawing.overlay").overlay
    session = addon("saga_blender.engine.session").session
    selection = addon("saga_blender.splat_object").selection

    def answered():
        while session.drain():
            pass

    for x, is_there in ((-1, True), (9, False)):
        ray = protocol.Click(ray_origin=(x, 0, -5), ray_direction=(0, 0, 1))
        clicked = clicks.Clicks.on(balls, clicks.Prompt((ray,)), "SET")
        clicks.preview(balls, clicked, (0.0, False, 0.75, False))
        answered()
        shown = overlay.preview
        assert (shown is not None) == is_there
        clicks.preview(balls, clicked, (0.0, False, 0.75, False))
        answered()
        assert overlay.preview is shown, "what is shown already is not drawn again"

    click(balls, (-1, 0, -5), (-1, 0, 0), scale=0.0)
    one, settings = selection(balls.data), bpy.context.workspace.saga
    settings.automatic, settings.scale = False, 0.0
    for scale, complaint in ((1.0, "told apart"), (0.1, "")):
        settings.scale = scale
        answered()
        assert complaint in str(session.error) and (overlay.preview is None) == bool(complaint)
        assert (selection(balls.data) == one).all()
    clicks.clicking.let_go()


def test_the_next_larger_and_smaller_thing(addon, balls):
    selection = addon("saga_blender.splat_object").selection
    click(balls, (-1, 0, -5), (-1, 0, 0), scale=0.0)
    bpy.context.workspace.saga.scale = 0.4
    bpy.ops.saga.step_scale(step=-1)  # a ball has no parts
    assert (selection(balls.data) == (BALL == 0)).mean() > 0.95
    assert bpy.context.workspace.saga.scale == 0.0, "the slider follows"
    bpy.ops.saga.selection(mode="NONE")
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.saga.step_scale(step=1)


@pytest.fixture
def text_model(addon):
    """The stand-in text-image model, chosen in the panel."""
    folder = ROOT / ".." / "shared" / "data" / "models" / "text_image_conse"
    if not folder.is_dir():
        pytest.skip("the stand-in text-image model is not here")
    bpy.context.scene.saga.text_model = str(folder)


def test_enter_in_the_text_field_finds_and_a_click_on_a_hit_selects(addon, balls, text_model):
    found, splat_object = addon("saga_blender.found"), addon("saga_blender.splat_object")
    assert found.stored_hits(balls.data) is None
    with pytest.raises(RuntimeError, match="Nothing was looked for"):
        bpy.ops.saga.select_found(hit=0)
    assert bpy.ops.saga.find(text="the ball", floor=0.0) == {"FINISHED"}
    hits = found.stored_hits(balls.data)
    assert hits.text == "the ball" and list(hits.scores) == sorted(hits.scores, reverse=True)
    selected = []
    for hit, count in enumerate(found.counts_of(balls.data)):
        assert bpy.ops.saga.select_found(hit=hit) == {"FINISHED"}
        selected.append(splat_object.selection(balls.data))
        assert np.count_nonzero(selected[-1]) == count
    assert max((mask == (ball == BALL)).mean() for mask in selected for ball in (0, 1)) > 0.95
    with pytest.raises(RuntimeError, match="no hit 8"):
        bpy.ops.saga.select_found(hit=7)

    settings = bpy.context.scene.saga
    settings.find_text = "an elephant with a violin"  # as Enter does
    asked = found.Hits("an elephant with a violin", 0.5, model=settings.text_model)
    assert found.stored_hits(balls.data) == asked
    answered = replace(asked, scores=(0.9,))
    found.store_hits(balls.data, answered, [BALL == 0])
    settings.find_text = answered.text  # as leaving the field does
    assert found.stored_hits(balls.data) == answered, "it was not asked again"
    found.store_hits(balls.data, replace(answered, model="another"), [BALL == 0])
    settings.find_text = answered.text
    assert found.stored_hits(balls.data) == asked, "another model was asked"
    settings.find_floor = 0.4
    settings.find_text = answered.text
    assert found.stored_hits(balls.data).floor == settings.find_floor
    with pytest.raises(RuntimeError, match="no words"):
        bpy.ops.saga.find(text=" ")
    with pytest.raises(RuntimeError, match="10,000 characters"):
        bpy.ops.saga.find(text="x" * 10_000)


def test_what_is_found_is_looked_for_in_what_is_left(addon, balls, text_model):
    found, splat_object = addon("saga_blender.found"), addon("saga_blender.splat_object")
    splat_object.set_selection(balls.data, BALL == 0)
    bpy.ops.saga.split()
    bpy.context.view_layer.objects.active = balls
    bpy.ops.saga.find(text="ball", floor=0.0)
    bpy.ops.saga.select_found(hit=0)
    assert splat_object.selection(balls.data).mean() > 0.9
    assert len(found.stored_hits(balls.data).scores) >= 1


def test_with_a_text_model_what_is_found_is_called_by_words(balls, text_model):
    bpy.ops.saga.decompose(scale=0.0)
    first, second = names = [row.name for row in balls.data.saga.found]
    assert {name.removesuffix(" 2") for name in names} <= set(WORDS) and first != second, names
    bpy.ops.saga.split_clusters()
    assert {obj.name for obj in bpy.data.objects} - {"Unassigned"} == set(names)


def test_a_text_model_that_is_not_here_says_where_to_get_it(balls):
    with pytest.raises(RuntimeError, match=r"not on this computer.*Download"):
        bpy.ops.saga.find(text="ball")


def test_views_are_added_and_forgotten(addon, balls, folder):
    added = folder / "balls.saga" / "added.json"
    bpy.ops.saga.add_view(**eye(balls))
    bpy.ops.saga.add_view(**eye(balls, 1.0) | {"centre": (170, 190)})
    (first, second) = json.loads(added.read_text(encoding="utf-8"))
    np.testing.assert_allclose(first["position"], (0, 0, -5), atol=1e-5)
    np.testing.assert_allclose(second["position"], (1, 0, -5), atol=1e-5)
    np.testing.assert_allclose(second["rotation"], np.eye(3), atol=1e-5)
    assert (second["width"], round(second["fx"], 3)) == (400, 500)
    assert [first["cx"], first["cy"], second["cx"], second["cy"]] == [200, 150, 170, 190]
    bpy.ops.saga.forget_views()
    assert not added.exists()


def test_what_the_engine_offers_for_lack_of_memory_is_set_and_trained_with(addon, balls):
    session = addon("saga_blender.engine.session").session
    preferences = addon("saga_blender.preferences").preferences()
    offer = {"max_views": 9, "device": "cpu"}
    assert not bpy.ops.saga.take_offer.poll()
    session.error = addon("backend.errors").NotEnoughMemory("It needs 9 GB.", "", offer)
    preferences.device = "auto"
    bpy.context.scene.saga.steps = 3
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.saga.take_offer() == {"FINISHED"}
    session.error = None
    assert bpy.context.scene.saga.max_views == 9 and preferences.device == "cpu"
    source = balls.data[addon("saga_blender.splat_object").SOURCE]
    assert session.wait(addon("backend.protocol").Info(source)).facts["views"] == 9
    bpy.ops.ed.undo()
    assert bpy.context.scene.saga.max_views == 0, "a step of its own"
