"""Apply Transform: the same picture, with the transform inside the Gaussians."""

import bpy
import numpy as np
import pytest
from mathutils import Euler, Matrix


@pytest.fixture
def splat(addon, ply, tmp_path):
    """An imported splat, turned, moved, unevenly scaled and parented; with a child of its own."""
    rows = ply.rows(60, 2)
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "cup.ply", rows)))
    obj = bpy.context.object
    parent, child = (bpy.data.objects.new(name, None) for name in ("parent", "child"))
    for other in (parent, child):
        bpy.context.collection.objects.link(other)
    parent.location = (0, 2, 0)
    obj.parent, child.parent = parent, obj
    obj.location, obj.scale = (3, 4, 5), (2.0, 0.5, -1.0)
    obj.rotation_euler = (0.4, -1.1, 2.0)
    child.location = (1, 2, 3)
    bpy.context.view_layer.update()
    return obj


def seen(addon, path):
    """What an export holds, in terms that do not depend on how a rotation is written."""
    bpy.context.view_layer.update()
    bpy.ops.export_scene.saga_splat(filepath=str(path), check_existing=False)
    cloud = addon("backend.gaussians.ply").read_ply(path).cloud
    axes = addon("backend.gaussians.quaternions").matrices_from_quats(cloud.rotations)
    axes *= cloud.scales[:, None]
    return cloud.means, axes @ axes.transpose(0, 2, 1), cloud.sh, cloud.opacity_logits


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ({"location": True}, Matrix()),
        ({}, Matrix.Translation((3, 4, 5))),
        ({"rotation": False}, Matrix.LocRotScale((3, 4, 5), Euler((0.4, -1.1, 2.0)), None)),
    ],
)
def test_nothing_that_is_seen_changes(addon, splat, tmp_path, chosen, left):
    child = bpy.data.objects["child"]
    scene_to_world = addon("saga_blender.placement").scene_to_world
    before, frame = seen(addon, tmp_path / "a.ply"), scene_to_world(splat)
    child_place = child.matrix_world.copy()
    assert bpy.ops.saga.apply_transform(**chosen) == {"FINISHED"}
    np.testing.assert_allclose(splat.matrix_basis, left, atol=1e-5)
    for old, new in zip(before, seen(addon, tmp_path / "b.ply"), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scene_to_world(splat), frame, atol=1e-5)  # where clicks look
    np.testing.assert_allclose(child.matrix_world, child_place, atol=1e-5)


def test_the_gaussians_hold_what_the_object_held(addon, splat):
    """Scale, by hand: a round Gaussian under scale 3 is three times as large."""
    read, write = (getattr(addon("saga_blender.point_cloud"), n) for n in ("read", "write"))
    splat.matrix_basis = Matrix.Scale(3, 4)
    write(splat.data, "scale", "FLOAT_VECTOR", np.full((60, 3), 0.5))
    points = read(splat.data.attributes["position"])
    bpy.ops.saga.apply_transform()
    np.testing.assert_allclose(read(splat.data.attributes["scale"]), 1.5, rtol=1e-6)
    np.testing.assert_allclose(read(splat.data.attributes["position"]), 3 * points, rtol=1e-6)


def test_after_a_split_the_part_keeps_its_place(addon, splat, tmp_path):
    splat_object = addon("saga_blender.splat_object")
    splat_object.set_selection(splat.data, np.arange(60) < 20)
    bpy.ops.saga.split()
    part, before = bpy.context.object, seen(addon, tmp_path / "a.ply")
    bpy.ops.saga.apply_transform(location=True)
    for old, new in zip(before, seen(addon, tmp_path / "b.ply"), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-4, atol=1e-4)
    assert "saga:mean" not in part.data.attributes


def test_what_cannot_be_applied_is_refused(splat):
    twin = splat.copy()
    with pytest.raises(RuntimeError, match="linked duplicate"):
        bpy.ops.saga.apply_transform()
    bpy.data.objects.remove(twin)
    with pytest.raises(RuntimeError, match="shear"):
        bpy.ops.saga.apply_transform(scale=False)
    splat.scale = (1, 0, 1)
    position = splat.data.attributes["position"].data[3].vector.copy()
    with pytest.raises(RuntimeError, match="other than 0"):
        bpy.ops.saga.apply_transform()
    assert splat.data.attributes["position"].data[3].vector == position
    assert splat.scale[:] == (1, 0, 1)


def test_an_even_scale_can_stay(addon, splat, tmp_path):
    splat.scale = (-2, -2, -2)
    before = seen(addon, tmp_path / "a.ply")
    bpy.ops.saga.apply_transform(scale=False)
    for old, new in zip(before, seen(addon, tmp_path / "b.ply"), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.abs(splat.scale), 2, rtol=1e-5)
