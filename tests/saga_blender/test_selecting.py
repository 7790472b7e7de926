"""What the lists of things select: by key, and never what an eye has closed over."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest

OPERATIONS = {
    (False, False): [0, 1, 2, 3],
    (True, False): [0, 1, 2, 3, 4, 5],
    (False, True): [4, 5],
    (True, True): [2, 3],
}


@pytest.fixture
def lists(addon, ply, tmp_path):
    """Ten Gaussians; the first four are in each list, as a hit, a thing and a named selection."""
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(10, 0))))
    data, first = bpy.context.object.data, np.arange(10) < 4
    found, objects = addon("saga_blender.found"), addon("saga_blender.found_objects")
    found.store_hits(data, found.Hits("mug", 0.5, (0.9,)), [first])
    tree = addon("saga_blender.cluster_tree").ClusterTree
    objects.set_found(
        data,
        tree(("Mug", "Rest"), ((1, 0, 0), (0, 1, 0)), (-1, -1), (True, True)),
        np.where(first, 0, 1),
    )
    addon("saga_blender.splat_object").set_selection(data, first)
    bpy.ops.saga.store_selection(name="mug")
    return data


@pytest.fixture
def select(addon):
    """A function: which Gaussians are selected, after some were or, without any, as it stands."""
    splat_object = addon("saga_blender.splat_object")

    def selected(among=None) -> list[int]:
        data = bpy.context.object.data
        if among is not None:
            splat_object.set_selection(data, np.isin(np.arange(len(data.points)), among))
        return np.flatnonzero(splat_object.selection(data)).tolist()

    return selected


CHOICES = {
    "select_found": {"hit": 0},
    "select_cluster": {"row": 0},
    "recall_selection": {"name": "mug"},
}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("keys", OPERATIONS, ids=["plain", "shift", "ctrl", "both"])
def test_a_button_of_a_list_does_what_shift_and_ctrl_do_in_the_viewport(
    addon, lists, select, name, keys
):
    select([2, 3, 4, 5])
    choice = CHOICES[name]
    classes = addon("saga_blender").CLASSES
    cls = next(c for c in classes if getattr(c, "bl_idname", "") == f"saga.{name}")
    run = getattr(bpy.ops.saga, name)
    pressed = SimpleNamespace(
        execute=lambda _: run(**choice, operation=pressed.operation), operation="SET"
    )
    assert cls.invoke(pressed, bpy.context, SimpleNamespace(shift=keys[0], ctrl=keys[1])) == {
        "FINISHED"
    }
    assert select() == OPERATIONS[keys]


def test_what_an_eye_hides_is_selected_by_no_list(lists, select):
    for name, choice in CHOICES.items():
        lists.saga.found["Mug"].shown = True
        select([4])
        lists.saga.found["Mug"].shown = False
        getattr(bpy.ops.saga, name)(**choice, operation="ADD")
        lists.saga.found["Mug"].shown = True
        assert select() == [4], name


def test_what_an_eye_closes_over_is_not_split_off_and_comes_back_with_it(lists, select):
    select([2, 3, 4, 5])
    lists.saga.found["Mug"].shown = False
    assert select() == [4, 5]
    lists.saga.found["Mug"].shown = True
    assert select() == [2, 3, 4, 5]
    lists.saga.found["Mug"].shown = False
    whole = bpy.context.object
    bpy.ops.saga.split()
    assert (len(bpy.context.object.data.points), len(whole.data.points)) == (2, 8)
    assert whole.data.saga.found["Mug"].count == 4, "all of what is hidden has stayed"
    bpy.context.view_layer.objects.active = whole
    assert not bpy.ops.saga.split.poll()


def test_what_is_selected_and_then_hidden_stays_selected_when_more_is_added(lists, select):
    select([0, 1])
    lists.saga.found["Mug"].shown = False
    bpy.ops.saga.select_cluster(row=1, operation="ADD")
    assert select() == [4, 5, 6, 7, 8, 9]
    lists.saga.found["Mug"].shown = True
    assert select() == [0, 1, 4, 5, 6, 7, 8, 9]
    lists.saga.found["Mug"].shown = False
    bpy.ops.saga.select_cluster(row=1, operation="SET")
    lists.saga.found["Mug"].shown = True
    assert select() == [4, 5, 6, 7, 8, 9]


def test_an_object_that_was_hidden_can_be_seen_once_it_is_split_off(addon, lists):
    lists.saga.found["Mug"].shown = False
    bpy.ops.saga.split_clusters()
    for obj in bpy.context.selected_objects:
        assert not addon("saga_blender.splat_object").hidden(obj.data).any()


def test_only_what_was_not_in_it_counts_as_merged(addon, lists, select):
    select(range(10))
    lists.saga.active = 0
    bpy.ops.saga.merge_clusters()
    session = addon("saga_blender.engine.session").session
    assert session.notice == "Mug has 6 Gaussians more"
