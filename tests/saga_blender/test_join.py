"""Joining: what was split comes back to the bit, and what was moved is where it was put."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

BLOCK = np.repeat([0, 1, 2], 40)  # which third of the splat a Gaussian is


@pytest.fixture
def thirds(addon, ply, tmp_path):
    """An imported splat, off the world's origin, split into three objects; and its rows."""
    rows = ply.rows(120, 1, {"label": "<u4", "time": "<f8"})
    rows["x"] += 3 * BLOCK
    for axis in "xyz":
        rows[axis] *= 7.3
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "cup.ply", rows)))
    whole = bpy.context.object
    whole.matrix_world = Matrix.LocRotScale((10, -4, 2), Matrix.Rotation(0.3, 3, "Z"), None)
    set_selection = addon("saga_blender.splat_object").set_selection
    parts = [whole]
    for block in (1, 2):
        bpy.context.view_layer.objects.active = whole
        kept = BLOCK[(BLOCK == 0) | (block <= BLOCK)]
        set_selection(whole.data, kept == block)
        bpy.ops.saga.split()
        parts.append(bpy.context.object)
    return parts, rows


def join(objects):
    for obj in bpy.data.objects:
        obj.select_set(obj in objects)
    bpy.context.view_layer.objects.active = objects[0]
    assert bpy.ops.saga.join() == {"FINISHED"}


def exported(ply, path, rows, obj):
    """The rows of an object at its file's place."""
    obj.matrix_world = Matrix(((1, 0, 0, 0), (0, 0, 1, 0), (0, -1, 0, 0), (0, 0, 0, 1)))
    bpy.context.view_layer.update()
    bpy.ops.export_scene.saga_splat(filepath=str(path), check_existing=False)
    return ply.read(path, rows.dtype)


def test_parts_come_back_to_the_bit_and_in_order(thirds, ply, tmp_path):
    (whole, *parts), rows = thirds
    join([whole, *reversed(parts)])
    assert bpy.data.objects[:] == [whole] and len(bpy.data.pointclouds) == 1
    assert exported(ply, tmp_path / "b.ply", rows, whole).tobytes() == rows.tobytes()


def test_into_a_part_with_an_origin_of_its_own(addon, thirds):
    (whole, first, second), _ = thirds
    world = addon("saga_blender.placement").raw_to_world
    before, place = np.array(world(whole)), first.matrix_world.copy()
    join([first, whole, second])
    assert first.matrix_world == place
    np.testing.assert_allclose(world(first), before, atol=1e-5)


def test_a_moved_part_stays_where_it_was_put_and_leaves_the_trained_scene(addon, thirds):
    (whole, first, _), _ = thirds
    step = Vector((0.5, 0.25, -3))
    first.location += step
    bpy.context.view_layer.update()
    seen = first.matrix_world @ first.data.attributes["position"].data[7].vector
    join([whole, first])
    splat_object = addon("saga_blender.splat_object")
    index = splat_object.scene_index(whole.data)
    assert index.tolist() == [*range(40), *[-1] * 40]
    joined = whole.matrix_world @ whole.data.attributes["position"].data[47].vector
    np.testing.assert_allclose(joined, seen, atol=1e-5)
    np.testing.assert_array_equal(splat_object.remaining(whole.data), np.arange(40))
    of_scene = np.arange(120) % 2 == 0
    found = splat_object.per_point(whole.data, of_scene, False)
    np.testing.assert_array_equal(found, [*of_scene[:40], *[False] * 40])


def test_attributes_of_either_are_kept(addon, thirds):
    (whole, first, second), _ = thirds
    write = addon("saga_blender.point_cloud").write
    splat_object = addon("saga_blender.splat_object")
    write(first.data, "mine", "FLOAT2", np.full((40, 2), 3.0))
    write(second.data, "said", "STRING", [b"hello"] * 40)
    splat_object.set_selection(first.data, np.arange(40) < 4)
    splat_object.set_clusters(second.data, np.full(40, 5))
    red = bpy.data.materials.new("red")
    second.data.materials.append(red)
    join([whole, first, second])
    read = addon("saga_blender.point_cloud").read
    assert read(whole.data.attributes["mine"])[:, 0].tolist() == [0] * 40 + [3] * 40 + [0] * 40
    assert read(whole.data.attributes["said"]).tolist() == [b""] * 80 + [b"hello"] * 40
    assert np.flatnonzero(splat_object.selection(whole.data)).tolist() == [40, 41, 42, 43]
    names = np.array([*splat_object.tree_of(whole.data).names, "none"])
    found = names[splat_object.clusters(whole.data)]
    assert found.tolist() == ["none"] * 80 + ["Object 6"] * 40
    assert whole.data.materials[:] == [red]


def test_degrees_and_columns_of_two_files_are_united(addon, ply, tmp_path):
    rows = {"a": ply.rows(3, 0, {"label": "u1"}), "b": ply.rows(4, 2, {"label": "<i4"})}
    for name, part in rows.items():
        bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / f"{name}.ply", part)))
    a, b = bpy.data.objects["a"], bpy.data.objects["b"]
    join([a, b])
    bpy.ops.export_scene.saga_splat(filepath=str(tmp_path / "c.ply"))
    cloud = addon("backend.gaussians.ply").read_ply(tmp_path / "c.ply").cloud
    assert cloud.sh_degree == 2 and not cloud.sh[:3, 1:].any()
    labels = [*rows["a"]["label"], *rows["b"]["label"]]
    np.testing.assert_array_equal(cloud.extra["label"], labels)
    np.testing.assert_array_equal(cloud.means[3:, 1], rows["b"]["y"])


def test_a_flattened_part_is_refused_and_nothing_changes(thirds):
    (whole, first, _), _ = thirds
    first.scale.z = 0
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="flattens"):
        join([whole, first])
    assert len(bpy.data.objects) == 3 and len(whole.data.points) == 40


def test_one_alone_says_what_is_missing(thirds):
    with pytest.raises(RuntimeError, match="two or more splats"):
        bpy.ops.saga.join()


def test_what_was_found_by_name_follows_the_points_and_is_of_one_question(addon, thirds):
    found, splat_object = addon("saga_blender.found"), addon("saga_blender.splat_object")
    (whole, first, second), _ = thirds
    join([whole, first, second])
    hits = found.Hits("mug", 0.5, (0.9, 0.8))
    found.store_hits(whole.data, hits, [np.arange(120) < 50, np.arange(120) % 2 == 0])
    splat_object.set_selection(whole.data, np.arange(120) < 30)
    bpy.ops.saga.split()
    part = bpy.context.object
    assert found.counts_of(whole.data) == [20, 45] and found.counts_of(part.data) == [30, 15]
    join([whole, part])
    assert found.stored_hits(whole.data) == hits and found.counts_of(whole.data) == [50, 60]

    splat_object.set_selection(whole.data, np.arange(120) < 30)
    bpy.ops.saga.split()
    part = bpy.context.object
    found.store_hits(part.data, found.Hits("chair", 0.5, (0.7,)), [np.arange(30) < 9])
    join([whole, part])
    assert found.stored_hits(whole.data) is None


def test_what_was_found_by_name_survives_a_join_with_what_was_never_searched(addon, thirds):
    found, ((whole, first, second), _) = addon("saga_blender.found"), thirds
    hits = found.Hits("mug", 0.5, (0.9,))
    found.store_hits(whole.data, hits, [np.arange(40) < 5])
    join([whole, first])
    assert found.stored_hits(whole.data) == hits and found.counts_of(whole.data) == [5]
    join([second, whole])
    assert found.stored_hits(second.data) is None and found.HITS not in second.data.attributes
