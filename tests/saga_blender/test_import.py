"""Importing: what an artist finds in Blender, and what a bad file leaves behind (nothing)."""

import bpy
import numpy as np
import pytest
from numpy.lib.recfunctions import repack_fields


def values(data, name):
    attribute = data.attributes[name]
    width = {"FLOAT": 1, "INT": 1, "BOOLEAN": 1, "FLOAT_VECTOR": 3}.get(attribute.data_type, 4)
    prop = {"FLOAT_VECTOR": "vector", "FLOAT4": "vector", "FLOAT_COLOR": "color"}
    found = np.empty(len(attribute.data) * width, np.float32)
    attribute.data.foreach_get(prop.get(attribute.data_type, "value"), found)
    return found.reshape(-1, width).squeeze()


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("text", [False, True], ids=["binary", "ascii"])
def test_attributes_mean_what_blender_5_3_means(addon, ply, tmp_path, degree, text):
    rows = ply.rows(7, degree)
    any_order = np.random.default_rng(0).permutation(rows.dtype.names).tolist()
    rows = repack_fields(rows[any_order])
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", rows, text)))

    obj = bpy.context.object
    data = obj.data
    assert obj.type == "POINTCLOUD" and obj.select_get() and len(data.points) == 7

    def columns(*names):
        return np.column_stack([rows[name] for name in names])

    quats = columns("rot_0", "rot_1", "rot_2", "rot_3")
    close = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_array_equal(values(data, "position"), columns("x", "y", "z"))
    np.testing.assert_allclose(
        values(data, "scale"), np.exp(columns("scale_0", "scale_1", "scale_2")), **close
    )
    np.testing.assert_allclose(
        values(data, "rotation"), quats / np.linalg.norm(quats, axis=1, keepdims=True), **close
    )
    base = values(data, "radiance:base")
    np.testing.assert_array_equal(base[:, :3], columns("f_dc_0", "f_dc_1", "f_dc_2"))
    np.testing.assert_allclose(base[:, 3], 1 / (1 + np.exp(-rows["opacity"])), **close)
    higher = (degree + 1) ** 2 - 1
    for k in range(higher):  # f_rest holds all of red, then green, then blue
        rgb = columns(*(f"f_rest_{k + channel * higher}" for channel in range(3)))
        np.testing.assert_array_equal(values(data, f"radiance:sh_{k}"), rgb)
    assert f"radiance:sh_{higher}" not in data.attributes


def test_upright_in_blender(addon, ply, tmp_path):
    rows = ply.rows(1)
    rows["x"], rows["y"], rows["z"] = (
        1,
        -2,
        3,
    )  # 2 up and 3 forward: y is down, z forward in the file
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", rows)))
    obj = bpy.context.object
    np.testing.assert_allclose(obj.matrix_world @ obj.data.points[0].co, (1, 3, 2), atol=1e-6)


def test_from_edit_mode(addon, ply, tmp_path):
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", ply.rows(3))))
    assert bpy.context.mode == "OBJECT" and bpy.context.object.name == "a"


def test_gaussians_that_are_not_finite_are_left_out_and_counted(addon, ply, tmp_path, capfd):
    rows = ply.rows(10)
    rows["f_rest_7"][3] = np.nan
    rows["scale_1"][8] = np.inf
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "a.ply", rows)))
    kept = np.delete(np.arange(10), [3, 8])
    data = bpy.context.object.data
    np.testing.assert_array_equal(values(data, "position")[:, 0], rows["x"][kept])
    np.testing.assert_array_equal(values(data, "saga:index"), np.arange(8))
    assert "8 Gaussians, 2 left out" in capfd.readouterr().out


def _mesh(path, ply):
    ply.write(path, np.zeros(3, [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]))


def _truncated(path, ply):
    path.write_bytes(ply.write(path, ply.rows(50)).read_bytes()[:-100])


def _boasting(path, ply):
    whole = ply.write(path, ply.rows(50)).read_bytes()
    path.write_bytes(whole.replace(b"vertex 50", b"vertex 5000000000"))


def _not_finite(path, ply):
    rows = ply.rows(5)
    rows["x"] = np.nan
    ply.write(path, rows)


BAD_FILES = {
    "no_ply": lambda path, ply: path.write_bytes(b"\x89PNG and so on"),
    "empty": lambda path, ply: path.write_bytes(b""),
    "missing": lambda path, ply: None,
    "folder": lambda path, ply: path.mkdir(),
    "mesh": _mesh,
    "truncated": _truncated,
    "lies_about_its_count": _boasting,
    "no_gaussians": lambda path, ply: ply.write(path, ply.rows(0)),
    "nothing_finite": _not_finite,
}


def datablocks():
    kinds = {name: getattr(bpy.data, name) for name in dir(bpy.data)}
    return {n: len(c) for n, c in kinds.items() if isinstance(c, bpy.types.bpy_prop_collection)}


@pytest.mark.parametrize("make", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_explained_and_leaves_nothing(addon, ply, tmp_path, make):
    path = tmp_path / "bad.ply"
    make(path, ply)
    before = datablocks()
    with pytest.raises(RuntimeError, match=r"bad\.ply.*\w+\.\s*$"):
        bpy.ops.import_scene.saga_splat(filepath=str(path))
    assert datablocks() == before


def test_several_files_each_become_an_object_and_a_bad_one_does_not_stop_them(addon, ply, tmp_path):
    for name, count in (("a", 3), ("b", 4)):
        ply.write(tmp_path / f"{name}.ply", ply.rows(count))
    _mesh(tmp_path / "bad.ply", ply)
    files = [{"name": f"{name}.ply"} for name in ("a", "bad", "b")]
    with pytest.raises(RuntimeError, match=r"bad\.ply"):
        bpy.ops.import_scene.saga_splat(directory=str(tmp_path), files=files)
    assert {obj.name: len(obj.data.points) for obj in bpy.context.selected_objects} == {
        "a": 3,
        "b": 4,
    }


def test_into_a_collection_of_another_file_it_goes_beside_it(addon, ply, tmp_path):
    bpy.context.scene.collection.children.link(bpy.data.collections.new("shelf"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    path = ply.write(tmp_path / "t.ply", ply.rows(3, 0))
    for override in (False, True):
        bpy.ops.wm.read_homefile(use_empty=True)
        with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, linked):
            linked.collections = ["shelf"]
        shelf = bpy.data.collections["shelf"]
        if override:
            shelf = shelf.override_create()
        bpy.context.scene.collection.children.link(shelf)
        layers = bpy.context.view_layer.layer_collection.children
        bpy.context.view_layer.active_layer_collection = layers["shelf"]
        assert bpy.ops.import_scene.saga_splat(filepath=str(path)) == {"FINISHED"}
        assert bpy.context.object.users_collection == (bpy.context.scene.collection,)
