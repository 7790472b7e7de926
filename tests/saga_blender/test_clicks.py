"""What a slider makes of the last click, with an engine that selects by the threshold alone."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest


@pytest.fixture
def clicked(addon, talk, ply, tmp_path):
    """A trained splat of a hundred Gaussians whose click has selected 20, as a step to undo."""
    session, finish = talk
    path = ply.write(tmp_path / "t.ply", ply.rows(100, 0))
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    path.with_suffix(".saga").mkdir()
    (path.with_suffix(".saga") / "field.safetensors").touch()
    addon("saga_blender.clicks").clicking.forget()
    settings = bpy.context.workspace.saga
    settings.automatic, settings.threshold = False, 0.2
    bpy.ops.ed.undo_push(message="imported")
    click(settings)
    bpy.ops.ed.undo_push(message="clicked")
    overlay = addon("saga_blender.drawing.overlay").overlay
    yield SimpleNamespace(settings=settings, session=session, finish=finish, overlay=overlay)
    addon("saga_blender.clicks").clicking.forget()
    overlay.forget()


def click(settings, **more):
    bpy.ops.saga.select(ray_direction=(0, 0, 1), threshold=settings.threshold, **more)


@pytest.fixture
def selected(addon):
    """How many Gaussians are selected now."""
    selection = addon("saga_blender.splat_object").selection
    return lambda: selection(bpy.data.objects["t"].data).sum()


def hover(addon):
    """The mouse comes back over the viewport: half of the Gaussians lie under it."""
    clicks, protocol = addon("saga_blender.clicks"), addon("backend.protocol")
    ray = protocol.Click(ray_origin=(0, 0, 0), ray_direction=(0, 0, 1))
    under = clicks.Clicks.on(bpy.context.object, clicks.Prompt((ray,)), "SET")
    clicks.preview(bpy.context.object, under, (0.5, False, 0.5, False))


def leave(addon):
    """The mouse moves in the sidebar."""
    hover = addon("saga_blender.operators.hover").HoverEnd
    sidebar = SimpleNamespace(region=SimpleNamespace(type="UI"), workspace=bpy.context.workspace)
    if not hover.obstacle(bpy.context):
        hover.invoke(None, sidebar, None)


@pytest.mark.parametrize("move", [hover, leave])
def test_the_last_value_of_a_slider_is_not_lost_when_the_mouse_moves(
    addon, clicked, selected, move
):
    for threshold in (0.3, 0.6, 0.8):  # the first is asked, the last one waits
        clicked.settings.threshold = threshold
    move(addon)
    clicked.finish()
    move(addon)
    assert clicked.overlay.preview is not None, "what is not yet selected stays coloured"
    clicked.finish()
    addon("saga_blender.clicks").clicking.let_go()
    assert selected() == 80


def test_what_a_slider_says_in_edit_mode_waits_until_it_could_be_undone(
    addon, clicked, selected, monkeypatch
):
    clicks = addon("saga_blender.clicks")
    monkeypatch.setattr(clicks, "mouse_is_held", lambda: False)  # without a window there is none
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    clicked.settings.threshold = 0.8
    clicked.finish()
    assert clicks._let_go() and selected() == 20
    bpy.ops.object.mode_set(mode="OBJECT")
    assert clicks._let_go() is None and selected() == 80
    bpy.ops.ed.undo()
    assert selected() == 20


def test_a_slider_is_not_listened_to_while_the_engine_has_other_work(addon, clicked, selected):
    Info = addon("backend.protocol").Info
    for threshold in (0.3, 0.4):  # the first is asked at once, the other one waits
        clicked.settings.threshold = threshold
    clicked.session.start(Info("stages"), "Train SAGA", lambda _: "Trained.")
    clicked.settings.threshold = 0.9
    clicked.finish()
    addon("saga_blender.clicks").clicking.let_go()
    assert selected() == 30, "a training that ends changes no selection"
    clicked.settings.threshold = 0.6
    clicked.finish()
    addon("saga_blender.clicks").clicking.let_go()
    assert selected() == 60


def test_after_undo_and_redo_a_slider_follows_the_click_again(addon, clicked, selected):
    standing = addon("saga_blender.clicks").clicking.standing
    bpy.ops.ed.undo()
    assert selected() == 0 and standing() is None
    clicked.settings.threshold = 0.4
    assert not clicked.session.drain(), "nothing is clicked that it could mean"
    bpy.ops.ed.redo()
    assert selected() == 20 and standing() is not None
    clicked.settings.threshold = 0.7
    clicked.finish()
    addon("saga_blender.clicks").clicking.let_go()
    assert selected() == 70


def test_a_slider_takes_no_offer_of_the_engine_away(addon, clicked):
    errors, clicking = addon("backend.errors"), addon("saga_blender.clicks").clicking
    offer = clicked.session.error = errors.NotEnoughMemory("It needs 9 GB.", "", {"max_views": 9})
    clicked.settings.threshold = 0.3
    clicked.finish()
    assert clicked.session.error is offer
    clicking._fail(errors.BadInput("Nothing is there.", ""))
    assert "Nothing is there" in clicked.session.error.message
    clicked.settings.threshold = 0.4
    clicked.finish()
    assert clicked.session.error is None, "its own failure is over"


def test_a_slider_that_is_moved_back_leaves_what_was_selected(addon, clicked, selected):
    undone = addon("saga_blender.clicks").clicking.let_go
    for threshold in (0.8, 0.2):  # the first is under way
        clicked.settings.threshold = threshold
    clicked.finish()
    undone()
    assert selected() == 20
    clicked.settings.threshold = 0.8
    clicked.finish()
    clicked.settings.threshold = 0.2
    clicked.finish()
    clicked.session.notice = ""
    undone()
    assert selected() == 20 and clicked.session.notice == "", "no step to undo"


def test_a_slider_is_heard_by_the_engine_that_follows_one_that_was_closed(addon, clicked, selected):
    clicked.settings.threshold = 0.4
    clicked.session.close()
    hover(addon)  # starts another
    clicked.settings.threshold = 0.6
    clicked.finish()
    addon("saga_blender.clicks").clicking.let_go()
    assert selected() == 60


def test_what_an_eye_closes_over_while_the_engine_looks_is_not_selected(addon, clicked, selected):
    found, tree = addon("saga_blender.found_objects"), addon("saga_blender.cluster_tree")
    data, some = bpy.context.object.data, np.arange(100) < 10
    things = tree.ClusterTree(("Mug", "Rest"), ((1, 0, 0), (0, 1, 0)), (-1, -1), (True, True))
    found.set_found(data, things, np.where(some, 0, 1))
    data.saga.found["Mug"].shown = False
    clicked.settings.threshold = 0.3
    click(clicked.settings)
    assert selected() == 20 and addon("saga_blender.clicks").clicking.standing() is not None
    data.saga.found["Mug"].shown = True
    assert selected() == 20, "it was set anew without them"
    data.saga.found["Mug"].shown = False
    click(clicked.settings, operation="ADD")
    assert selected() == 20
