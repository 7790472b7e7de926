"""Changing what is selected, without an engine."""

import bpy
import numpy as np
import pytest


@pytest.fixture
def row(addon, ply, tmp_path):
    """Ten Gaussians in a row, one unit apart, then a gap, then three more; as wide as their number.

    A function that runs the operator and returns which are selected.
    """
    rows = ply.rows(13, 0)
    rows["x"], rows["y"], rows["z"] = [*range(10), 20, 21, 22], 0, 0
    rows["opacity"] = np.linspace(-6, 6, 13)
    for k in range(3):
        rows[f"scale_{k}"] = np.log(np.arange(1, 14) / 100)
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "row.ply", rows)))
    data = bpy.context.object.data
    splat_object = addon("saga_blender.splat_object")

    def change(mode, before=(), **settings):
        splat_object.set_selection(data, np.isin(np.arange(13), before))
        assert bpy.ops.saga.selection(mode=mode, **settings) == {"FINISHED"}
        return np.flatnonzero(splat_object.selection(data)).tolist()

    return change


def test_all_none_and_invert(row):
    assert row("ALL") == list(range(13))
    assert row("NONE", [3, 4]) == []
    assert row("INVERT", range(2, 13)) == [0, 1]


def test_grow_shrink_and_largest_part_go_by_distance(row):
    assert row("GROW", [5], distance=1.0) == [4, 5, 6]
    assert row("SHRINK", range(3, 8), distance=1.0) == [4, 5, 6]
    assert row("LARGEST", [0, 1, 2, 3, 10, 11, 12], distance=1.0) == [0, 1, 2, 3]
    assert row("LARGEST", [0, 1, 2, 10, 11, 12], distance=30.0) == [0, 1, 2, 10, 11, 12]
    assert row("GROW", [5]) == [5]  # these Gaussians are far smaller than the gaps between them
    with pytest.raises(RuntimeError, match="does not suit the scene"):
        row("GROW", [5], distance=1e-6)


def test_by_opacity_and_size_with_each_operation(row):
    assert row("OPACITY", [0], low=0.5, high=1.0) == list(range(6, 13))
    assert row("SIZE", low=0.025, high=0.045) == [2, 3]
    bounds = {"low": 0.025, "high": 0.045}
    assert row("SIZE", [0, 2], operation="ADD", **bounds) == [0, 2, 3]
    assert row("SIZE", [0, 2], operation="SUBTRACT", **bounds) == [0]
    assert row("SIZE", [0, 2], operation="INTERSECT", **bounds) == [2]


def test_what_can_be_done_is_what_the_algebra_knows(addon):
    known = addon("backend.gaussians.selection").OPERATIONS
    for operator in (bpy.ops.saga.select, bpy.ops.saga.selection):
        items = operator.get_rna_type().properties["operation"].enum_items
        assert tuple(items.keys()) == known


@pytest.fixture
def picked(row, addon):
    """Which Gaussians of the row are selected now."""
    selection = addon("saga_blender.splat_object").selection
    return lambda: np.flatnonzero(selection(bpy.context.object.data)).tolist()


def test_by_box_and_sphere_where_object_and_volume_stand(row, picked):
    splat = bpy.context.object
    splat.location = (100, 0, 0)
    bpy.context.view_layer.update()
    bpy.context.scene.cursor.location = (102, 0.9, 0)
    bpy.ops.saga.select_by(mode="BOX", radius=1.05)
    assert picked() == [1, 2, 3]
    bpy.ops.saga.select_by(mode="SPHERE", radius=1.05)
    assert picked() == [2]
    empty = bpy.data.objects.new("volume", None)
    bpy.context.collection.objects.link(empty)
    empty.location, empty.scale, empty.empty_display_size = (121, 0, 0), (0.6, 9, 9), 2
    empty.rotation_euler.z = np.pi  # a box that is turned half round is the same
    empty.select_set(True)
    bpy.context.view_layer.update()
    bpy.ops.saga.select_by(mode="BOX", operation="ADD")
    assert picked() == [2, 10, 11, 12]


def test_by_color_like_that_of_what_is_selected(row, picked, addon):
    data = bpy.context.object.data
    base = np.zeros((13, 4), np.float32)
    base[:, 0] = np.arange(13) / 10 / 0.2820948  # red rises by a tenth, from a half
    kind = data.attributes["radiance:base"].data_type
    addon("saga_blender.point_cloud").write(data, "radiance:base", kind, base)
    addon("saga_blender.splat_object").set_selection(data, np.arange(13) == 2)
    bpy.ops.saga.select_by(mode="COLOR", tolerance=0.11)
    assert picked() == [1, 2, 3]
    addon("saga_blender.splat_object").set_selection(data, np.zeros(13, bool))
    with pytest.raises(RuntimeError, match="Nothing is selected to be like"):
        bpy.ops.saga.select_by(mode="COLOR")


def test_named_selections_are_kept_through_saving_splitting_and_joining(row, picked, tmp_path):
    row("INVERT", range(4, 13))
    bpy.ops.saga.store_selection(name="left")
    row("INVERT", range(8))
    bpy.ops.saga.store_selection(name="right")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "row.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "row.blend"))
    splat = bpy.context.view_layer.objects.active = bpy.data.objects["row"]
    bpy.ops.saga.recall_selection(name="left")
    bpy.ops.saga.recall_selection(name="right", operation="ADD")
    assert picked() == [0, 1, 2, 3, 8, 9, 10, 11, 12]

    bpy.ops.saga.split()
    bpy.ops.saga.recall_selection(name="right")
    assert picked() == [4, 5, 6, 7, 8]  # of what was split off
    splat.select_set(True)
    bpy.context.view_layer.update()
    bpy.ops.saga.join()
    bpy.ops.saga.recall_selection(name="right")
    assert picked() == [8, 9, 10, 11, 12]
    bpy.ops.saga.forget_selection(name="right")
    with pytest.raises(RuntimeError, match="no selection called"):
        bpy.ops.saga.recall_selection(name="right")
