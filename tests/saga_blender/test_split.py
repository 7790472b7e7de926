"""Splitting: two objects that together are exactly what was there."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

WIDTHS = {"FLOAT": 1, "FLOAT2": 2, "FLOAT_VECTOR": 3, "FLOAT_COLOR": 4, "BYTE_COLOR": 4}
WIDTHS |= {"QUATERNION": 4, "FLOAT4X4": 16, "INT8": 1, "INT": 1, "INT16_2D": 2, "INT32_2D": 2}


@pytest.fixture
def splat(addon, ply, tmp_path):
    """An imported splat of 200 Gaussians, with an attribute of every type, and its rows."""
    rows = ply.rows(200, 2, {"label": "<u4", "time": "<f8"})
    path = ply.write(tmp_path / "cup.ply", rows)
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    data = bpy.context.object.data
    write, rng = addon("saga_blender.point_cloud").write, np.random.default_rng(0)
    for data_type, width in WIDTHS.items():
        high = 1 if data_type == "BYTE_COLOR" else 100
        write(data, f"my {data_type}", data_type, rng.uniform(0, high, (200, width)))
    write(data, "my BOOLEAN", "BOOLEAN", rng.random(200) < 0.5)
    write(data, "my STRING", "STRING", [b"point %d" % i for i in range(200)])
    return bpy.context.object, rows


def select(addon, obj, wanted):
    addon("saga_blender.splat_object").set_selection(obj.data, wanted)


def table(data):
    """What a point cloud holds, attribute by attribute, read the slow and sure way."""

    def value(element):
        name = next(n for n in ("value", "vector", "color") if hasattr(element, n))
        found = getattr(element, name)
        return np.ravel(found).tolist() if not isinstance(found, bytes) else found

    return {a.name: [value(element) for element in a.data] for a in data.attributes}


def test_nothing_is_lost_or_duplicated(addon, splat):
    obj, _ = splat
    wanted = np.random.default_rng(1).random(200) < 0.3
    wanted[[0, 198]], wanted[[1, 199]] = True, False
    before = table(obj.data)
    select(addon, obj, wanted)
    bpy.ops.saga.split()
    part, rest = bpy.context.object, obj
    assert part is not obj and len(bpy.data.pointclouds) == 2
    for half, mask in ((part, wanted), (rest, ~wanted)):
        after = table(half.data)
        assert not np.any(after.pop("saga:selection"))
        if half is part:  # its origin is its own middle
            after["position"] = after.pop("saga:mean")
        assert after.keys() == before.keys()
        for name, expected in before.items():
            assert after[name] == [expected[i] for i in np.flatnonzero(mask)], name


def test_halves_export_to_the_rows_that_were_imported(addon, splat, ply, tmp_path):
    obj, rows = splat
    wanted = np.arange(200) < 30
    select(addon, obj, wanted)
    bpy.ops.saga.split()
    for half, mask in ((bpy.context.object, wanted), (obj, ~wanted)):
        for other in bpy.data.objects:
            other.select_set(other == half)
        path = tmp_path / f"{half.name} alone.ply"
        bpy.ops.export_scene.saga_splat(filepath=str(path))
        assert ply.read(path, rows.dtype).tobytes() == rows[mask].tobytes()


def test_the_part_stays_what_and_where_it_was(addon, splat):
    obj, rows = splat
    red, shelf = bpy.data.materials.new("red"), bpy.data.collections.new("shelf")
    obj.data.materials.append(red)
    obj.data.materials.append(None)
    bpy.context.scene.collection.children.link(shelf)
    shelf.objects.link(obj)
    obj["note"], obj.data["deep"] = "mine", {"numbers": [1.0, 2.0], "word": "x"}
    obj.matrix_world = Matrix.Translation((1, 2, 3)) @ obj.matrix_world
    name = obj.data.name
    select(addon, obj, np.arange(200) == 5)
    bpy.ops.saga.split()
    part = bpy.context.object
    assert bpy.context.selected_objects == [part] and obj.data.name == name
    assert part.name == "cup part" and set(part.users_collection) == set(obj.users_collection)
    bpy.context.view_layer.update()
    origin = Vector([rows[axis][5] for axis in "xyz"])
    np.testing.assert_allclose(part.location, obj.matrix_world @ origin, atol=1e-6)
    assert part.data.attributes["position"].data[0].vector == Vector()
    assert part.matrix_world.to_3x3() == obj.matrix_world.to_3x3()
    for half in (obj, part):
        assert list(half.data.materials) == [red, None] and half["note"] == "mine"
        assert half.data["deep"].to_dict() == {"numbers": [1.0, 2.0], "word": "x"}


def test_a_linked_duplicate_keeps_everything(addon, splat):
    obj, _ = splat
    twin = obj.copy()
    select(addon, obj, np.arange(200) < 50)
    bpy.ops.saga.split()
    assert (len(twin.data.points), len(obj.data.points)) == (200, 150)


@pytest.mark.parametrize(
    ("wanted", "message"), [(False, "Nothing is selected"), (True, "Everything is selected")]
)
def test_nothing_or_everything_selected_says_so(addon, splat, wanted, message):
    obj, _ = splat
    select(addon, obj, np.full(200, wanted))
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.saga.split()
    assert len(bpy.data.objects) == 1


@pytest.mark.parametrize("how", ["split", "join"])
def test_what_was_previewed_is_no_longer_of_as_many_gaussians(addon, splat, how):
    obj, _ = splat
    overlay = addon("saga_blender.drawing.overlay").overlay
    select(addon, obj, np.arange(200) < 120)
    if how == "join":
        bpy.ops.saga.split()
        obj.select_set(True)
        bpy.context.view_layer.update()
    count = len(bpy.context.object.data.points)
    overlay.show_preview(bpy.context.object, np.ones(count, bool))
    assert getattr(bpy.ops.saga, how)() == {"FINISHED"}
    assert overlay.preview is None
