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
