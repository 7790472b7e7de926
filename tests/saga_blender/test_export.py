"""Exporting: nothing edited comes back bit for bit, and edits come back as edits."""

import os
import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

ROOT = Path(__file__).resolve().parents[2]

ODD_COLUMNS = {
    "segment": "u1",
    "signed": "i1",
    "short": "<i2",
    "ushort": "<u2",
    "label": "<i4",
    "hash": "<u4",
    "time": "<f8",
    "weight": "<f4",
    "position": "<f4",  # names that mean something else in Blender
    "scale": "u1",
    "radius": "<i4",
    "rotation": "<f8",
    ".hidden": "<f4",
    "saga:index": "<f4",
    "a_long_name_" * 8: "<u2",
}


def hard_rows(ply, count=300):
    """Gaussians whose activations do not invert, and further columns of every type."""
    rows = ply.rows(count, 3, ODD_COLUMNS)
    rows["opacity"][:4] = 100, -100, 17, -0.0  # saturated both ways
    rows["scale_0"][:3] = 80, -80, -0.0
    for axis in range(4):
        rows[f"rot_{axis}"][0] = 0
        rows[f"rot_{axis}"][1] *= 1e4
    rows["weight"][:2] = np.array([0x7FC00123, 0x80000000], np.uint32).view(np.float32)
    return rows


def load(ply, path, rows):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(path, rows)))
    return bpy.context.object


def export(ply, path, dtype):
    bpy.ops.export_scene.saga_splat(filepath=str(path), check_existing=False)
    return ply.read(path, dtype)


def test_nothing_edited_comes_back_bit_for_bit_through_a_saved_file(addon, ply, tmp_path):
    rows = hard_rows(ply)
    rows["y"][17] = np.nan
    load(ply, tmp_path / "a.ply", rows)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    back = export(ply, tmp_path / "b.ply", rows.dtype)
    assert back.tobytes() == np.delete(rows, 17).tobytes()


def test_edited_attributes_are_exported_and_their_neighbours_untouched(addon, ply, tmp_path):
    rows = hard_rows(ply)
    data = load(ply, tmp_path / "a.ply", rows).data
    data.attributes["scale"].data[5].vector = (0.5, 2.0, 0.0)
    data.attributes["rotation"].data[6].value = (0.0, 0.6, 0.8, 0.0)
    base = data.attributes["radiance:base"].data[7]
    name = "vector" if base.bl_rna.identifier.startswith("Float4") else "color"
    setattr(base, name, (1.0, 2.0, 3.0, 0.25))
    data.attributes["radiance:sh_2"].data[8].vector = (4.0, 5.0, 6.0)
    data.attributes["position"].data[9].vector = (7.0, 8.0, 9.0)
    back = export(ply, tmp_path / "b.ply", rows.dtype)

    expected = rows.copy()
    expected["scale_0"][5], expected["scale_1"][5] = np.log(0.5), np.log(2.0)
    expected["scale_2"][5] = np.log(np.finfo(np.float32).tiny)  # flat, but a number
    for axis, value in enumerate((0.0, 0.6, 0.8, 0.0)):
        expected[f"rot_{axis}"][6] = value
    for channel in range(3):
        expected[f"f_dc_{channel}"][7] = channel + 1
        expected[f"f_rest_{2 + 15 * channel}"][8] = channel + 4
        expected["xyz"[channel]][9] = channel + 7
    expected["opacity"][7] = np.log(0.25 / 0.75)
    edited = [5, 6, 7, 8, 9]
    assert np.delete(back, edited).tobytes() == np.delete(rows, edited).tobytes()
    for column in rows.dtype.names:
        np.testing.assert_allclose(back[column][edited], expected[column][edited], 1e-6)


def test_modifiers_are_honoured(addon, ply, tmp_path):
    rows = hard_rows(ply)
    obj = load(ply, tmp_path / "a.ply", rows)
    keep = np.arange(len(rows)) % 3 > 0
    addon("saga_blender.splat_object").set_selection(obj.data, ~keep)
    tree = bpy.data.node_groups.new("delete", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    start, end = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    delete = tree.nodes.new("GeometryNodeDeleteGeometry")
    named = tree.nodes.new("GeometryNodeInputNamedAttribute")
    named.data_type = "BOOLEAN"
    named.inputs["Name"].default_value = "saga:selection"
    selected = next(o for o in named.outputs if o.enabled and o.type == "BOOLEAN")
    tree.links.new(selected, delete.inputs["Selection"])
    tree.links.new(start.outputs[0], delete.inputs[0])
    tree.links.new(delete.outputs[0], end.inputs[0])
    obj.modifiers.new("delete", "NODES").node_group = tree
    assert export(ply, tmp_path / "b.ply", rows.dtype).tobytes() == rows[keep].tobytes()


def test_several_objects_go_to_one_file_by_name(addon, ply, tmp_path):
    rows = {name: ply.rows(count) for name, count in (("b", 4), ("a", 3), ("left_out", 5))}
    objects = {name: load(ply, tmp_path / f"{name}.ply", part) for name, part in rows.items()}
    for name, obj in objects.items():
        obj.select_set(name != "left_out")
    back = export(ply, tmp_path / "both.ply", rows["a"].dtype)
    assert back.tobytes() == rows["a"].tobytes() + rows["b"].tobytes()


def test_a_deleted_column_is_gone(addon, ply, tmp_path):
    rows = ply.rows(4, 0, {"label": "<i4", "kept": "u1"})
    data = load(ply, tmp_path / "a.ply", rows).data
    data.attributes.remove(data.attributes["label"])
    export(ply, tmp_path / "b.ply", ply.rows(0, 0, {"kept": "u1"}).dtype)


def test_nothing_selected_says_so(addon, tmp_path):
    with pytest.raises(RuntimeError, match="Select one or more Gaussian splats first"):
        bpy.ops.export_scene.saga_splat(filepath=str(tmp_path / "a.ply"))


def test_a_file_that_cannot_be_written_is_explained(addon, ply, tmp_path):
    load(ply, tmp_path / "a.ply", ply.rows(3))
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.export_scene.saga_splat(filepath=str(tmp_path / "a.ply" / "b.ply"))


def test_a_scene_is_not_written_over(addon, ply, tmp_path):
    scene = tmp_path / "a.ply"
    load(ply, scene, ply.rows(30))
    before = scene.read_bytes()
    with pytest.raises(RuntimeError, match="the scene itself"):
        bpy.ops.export_scene.saga_splat(filepath=str(scene))
    assert scene.read_bytes() == before


COMPARE = """
import sys, numpy as np
from backend.cameras.camera import Camera
from backend.gaussians.ply import read_ply
from backend.rendering import make_rasterizer
original, moved, motion = sys.argv[1], sys.argv[2], np.loadtxt(sys.argv[3])
world_to_camera = np.eye(4)
world_to_camera[:3, 3] = 0.5, -0.3, 7
def render(path, viewmat):
    camera = Camera("view", 160, 120, 150, 150, 80, 60, viewmat)
    return make_rasterizer(read_ply(path).cloud, "cpu").render(camera).values
turned, still = render(moved, world_to_camera), render(original, world_to_camera @ motion)
print(np.abs(turned - still).mean(), still.std())
"""


@pytest.mark.parametrize(
    ("axis", "angle", "location"),
    [((0, 0, 1), np.pi / 2, (0, 0, 0)), ((1, -2, 0.5), 2.2, (0.4, -0.2, 0.3))],
)
def test_a_turned_object_renders_as_from_the_counter_turned_camera(
    addon, ply, tmp_path, axis, angle, location
):
    python = os.environ.get("SAGA_ENGINE_PYTHON", ROOT / ".venv" / "bin" / "python")
    if not Path(python).exists():
        pytest.skip(f"the engine's Python is not at {python}: run `make setup`")
    rows = ply.rows(400)
    for name in ("scale_0", "scale_1", "scale_2"):
        rows[name] = rows[name] * 0.7 - 1.5
    obj = load(ply, tmp_path / "still.ply", rows)
    motion = Matrix.Translation(location) @ Matrix.Rotation(angle, 4, Vector(axis).normalized())
    obj.matrix_world = motion @ obj.matrix_world
    bpy.context.view_layer.update()
    bpy.ops.export_scene.saga_splat(filepath=str(tmp_path / "moved.ply"))

    to_blender = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    np.savetxt(tmp_path / "motion.txt", to_blender.T @ np.array(motion) @ to_blender)
    files = [tmp_path / name for name in ("still.ply", "moved.ply", "motion.txt")]
    done = subprocess.run(
        [python, "-c", COMPARE, *files], cwd=ROOT, capture_output=True, text=True, check=True
    )
    difference, contrast = map(float, done.stdout.split())
    assert contrast > 0.1, "the views show nothing"
    assert difference < 1e-3
