"""The list of what Decompose Scene found: a tree of names that follows the Gaussians."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from mathutils import Matrix

# Twelve Gaussians: a cup of handle and body, a plate, and one of nothing.
NAMES = ("Cup", "Plate", "Handle", "Body")
PARENTS = np.array([-1, -1, 0, 0], np.int32)
COARSE = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, -1], np.int32)
FINE = np.array([2, 2, 3, 3, 3, -1, -1, -1, 3, -1, -1, -1], np.int32)  # one beyond its object
COLORS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (51, 102, 204)], np.uint8)


def reply(protocol, levels=(COARSE, FINE), parents=PARENTS, names=NAMES, colors=COLORS):
    labels = np.stack(levels).astype(np.int32)
    scales = tuple(np.linspace(0.7, 0.3, len(labels)).tolist())
    return protocol.Decomposed(scales, labels, parents, names, colors)


@pytest.fixture
def table(addon, ply, tmp_path):
    """The splat with all of it found."""
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(12, 0))))
    obj = bpy.context.object
    answer = addon("saga_blender.operators.decompose").apply_clusters
    assert answer(obj.session_uid, reply(addon("backend.protocol"))).startswith(
        "2 objects with 2 parts; 1 Gaussians in none"
    )
    return obj


@pytest.fixture
def listed(addon):
    """What the list says of an object: name -> (count, parent's name), in its order."""

    def read(obj):
        rows = obj.data.saga.found
        return {r.name: (r.count, rows[r.parent].name if r.parent >= 0 else "") for r in rows}

    return read


def labelled(addon, obj):
    """The name of what each Gaussian belongs to."""
    names = np.array([*addon("saga_blender.splat_object").tree_of(obj.data).names, "-"])
    return names[addon("saga_blender.splat_object").clusters(obj.data)].tolist()


FOUND = ["Handle"] * 2 + ["Body"] * 3 + ["Cup"] + ["Plate"] * 5 + ["-"]


def test_every_gaussian_goes_to_its_smallest_part(addon, table, listed):
    assert labelled(addon, table) == FOUND
    assert listed(table) == {
        "Cup": (6, ""), "Plate": (5, ""), "Handle": (2, "Cup"), "Body": (3, "Cup"),
    }  # fmt: skip
    np.testing.assert_allclose(table.data.saga.found["Body"].color, (0.2, 0.4, 0.8), atol=1e-6)
    tree = addon("saga_blender.splat_object").tree_of(table.data)
    assert [(tree.names[k], depth) for k, depth in tree.depth_first()] == [
        ("Cup", 0), ("Handle", 1), ("Body", 1), ("Plate", 0),
    ]  # fmt: skip


def test_selecting_rows(addon, table):
    def selected():
        chosen = addon("saga_blender.splat_object").selection(table.data)
        return np.flatnonzero(chosen).tolist()

    bpy.ops.saga.select_cluster(row=0)
    assert selected() == [0, 1, 2, 3, 4, 5]
    bpy.ops.saga.select_cluster(row=2, operation="SUBTRACT")
    bpy.ops.saga.select_cluster(row=1, operation="ADD")
    assert selected() == list(range(2, 11))


def test_merging_gives_the_selection_to_the_active_row(addon, table, listed):
    for row, operation in ((2, "SET"), (3, "ADD")):
        bpy.ops.saga.select_cluster(row=row, operation=operation)
    table.data.saga.active = 1
    assert bpy.ops.saga.merge_clusters() == {"FINISHED"}
    assert listed(table) == {"Cup": (1, ""), "Plate": (10, "")}
    assert labelled(addon, table) == ["Plate"] * 5 + ["Cup"] + ["Plate"] * 5 + ["-"]


def test_splitting_further_replaces_the_parts(addon, table, listed):
    halves = np.where(np.arange(12) < 3, 0, np.where(np.arange(12) < 6, 1, -1)).astype(np.int32)
    found = reply(
        addon("backend.protocol"),
        [halves],
        np.array([-1, -1]),
        ("lid", "Object 2"),  # a word for one, none for the other
        COLORS[:2],
    )
    add_parts = addon("saga_blender.operators.clusters").add_parts
    assert add_parts(table.session_uid, 0, "Cup", found) == "Cup: 2 parts."
    assert listed(table) == {
        "Cup": (6, ""), "Plate": (5, ""), "Cup.lid": (3, "Cup"), "Cup.2": (3, "Cup"),
    }  # fmt: skip
    assert labelled(addon, table) == ["Cup.lid"] * 3 + ["Cup.2"] * 3 + FOUND[6:]


def test_the_active_row_stays_the_same_thing(addon, table):
    def active():
        saga = table.data.saga
        return saga.found[saga.active].name

    bpy.ops.saga.select_cluster(row=1)
    table.data.saga.active = 3
    bpy.ops.saga.merge_clusters()  # the plate's row goes, and those below move up
    assert active() == "Body"
    part = table.copy()
    part.data = part.data.copy()
    bpy.context.collection.objects.link(part)
    addon("saga_blender.splat_object").set_selection(table.data, np.arange(12) < 2)
    bpy.ops.saga.split()  # the handle's too
    assert active() == "Body"
    part.select_set(True)
    bpy.context.object.select_set(False)
    table.select_set(True)
    bpy.context.view_layer.objects.active = table
    bpy.ops.saga.join()
    assert active() == "Body"


def test_parts_that_come_when_the_list_has_changed_are_dropped(addon, table, listed):
    add_parts = addon("saga_blender.operators.clusters").add_parts
    parts = reply(addon("backend.protocol"), [COARSE], PARENTS[:2], NAMES[:2], COLORS[:2])
    before = listed(table)
    for row, name in ((1, "Cup"), (9, "Plate")):  # where the plate was is another thing now
        told = add_parts(table.session_uid, row, name, parts)
        assert isinstance(told, addon("saga_blender.engine.job").Unchanged)
        assert "has changed" in told
    assert listed(table) == before


def test_a_long_list_is_put_in_order_in_no_time(addon):
    roots, count = 1_000, 20_000
    parents = (*[-1] * roots, *np.arange(count - roots) % roots)
    tree = addon("saga_blender.cluster_tree").ClusterTree(parents=parents, names=("",) * count)
    began = time.thread_time()
    rows = tree.depth_first()
    assert time.thread_time() - began < 0.2
    assert rows[:3] == [(0, 0), (roots, 1), (2 * roots, 1)]
    assert sorted(k for k, _ in rows) == list(range(count))


def test_only_a_chosen_text_model_is_asked_for_names(addon, table):
    named_clusters = addon("saga_blender.operators.decompose").named_clusters
    for chosen, asked in (("", None), ("ViT-B-32", "ViT-B-32")):
        bpy.context.scene.saga.text_model = chosen
        assert named_clusters(bpy.context, (0.5,), None).name_with == asked


def test_what_the_eye_closes_is_neither_drawn_nor_clicked(addon, table):
    splat_object = addon("saga_blender.splat_object")
    assert splat_object.remaining(table.data) is None
    table.data.saga.found["Cup"].shown = False  # and with it its parts
    np.testing.assert_array_equal(splat_object.hidden(table.data), np.arange(12) < 6)
    np.testing.assert_array_equal(splat_object.remaining(table.data), np.arange(6, 12))


def test_what_the_eye_hides_is_not_selected_and_hides_nothing(addon, table):
    """The cup stands before the plate: unseen, it lets box and brush through."""
    splat_object, data = addon("saga_blender.splat_object"), table.data
    means = np.zeros((12, 3), np.float32)
    means[:6, 2] = 9  # nearer to the eye, which looks along -z
    addon("saga_blender.point_cloud").write(data, "position", "FLOAT_VECTOR", means)
    kind = data.attributes["radiance:base"].data_type
    addon("saga_blender.point_cloud").write(data, "radiance:base", kind, np.ones((12, 4), "f4"))
    addon("saga_blender.point_cloud").write(
        data, "scale", "FLOAT_VECTOR", np.full((12, 3), 0.01, np.float32)
    )
    table.matrix_world = Matrix()
    data.saga.found["Cup"].shown = False

    def selected() -> list[int]:
        return np.flatnonzero(splat_object.selection(data)).tolist()

    for mode in ("ALL", "INVERT", "OPACITY"):
        bpy.ops.saga.selection(mode="NONE")
        bpy.ops.saga.selection(mode=mode)
        assert selected() == list(range(6, 12)), mode

    class Hand(addon("saga_blender.operators.by_hand").ByHand):
        operation, through, report = "SET", False, staticmethod(print)

    region = SimpleNamespace(width=400, height=400)
    view = SimpleNamespace(view_matrix=Matrix(), window_matrix=Matrix.Scale(0.1, 4))
    view.window_matrix[3][3] = 1
    hand = Hand()
    bpy.ops.saga.selection(mode="NONE")
    hand._look(SimpleNamespace(object=table, region_data=view, region=region))
    hand.covered = hand._screen.in_box((0, 0), (400, 400))
    hand.finish(None)
    assert selected() == list(range(6, 12))


def collections(collection):
    inside = {child.name: collections(child) for child in collection.children}
    return inside | {obj.name: len(obj.data.points) for obj in collection.objects}


def test_objects_lie_in_nested_collections_and_join_back(addon, table, listed):
    before = listed(table)
    table.data.saga.found["Plate"].name = "Saucer"
    bpy.ops.saga.split_clusters()
    assert collections(bpy.context.scene.collection) == {
        "t objects": {
            "Cup": {"Handle": 2, "Body": 3, "Cup": 1},
            "Saucer": 5,
            "Unassigned": 1,
        }
    }
    saucer = bpy.data.objects["Saucer"]
    assert listed(saucer) == {"Saucer": (5, "")} and saucer.color[:] == (0, 1, 0, 1)
    assert listed(bpy.data.objects["Handle"]) == {"Cup": (2, ""), "Handle": (2, "Cup")}

    bpy.context.view_layer.objects.active = saucer
    bpy.context.view_layer.update()
    assert bpy.ops.saga.join() == {"FINISHED"}
    assert labelled(addon, saucer) == [n.replace("Plate", "Saucer") for n in FOUND]
    before["Saucer"] = before.pop("Plate")
    assert listed(saucer) == before


def test_children_stay_and_only_the_new_objects_are_selected(table, ply, tmp_path):
    other, hidden = (bpy.data.objects.new(name, None) for name in ("other", "hidden"))
    hidden.hide_viewport = True  # Blender does not evaluate it then
    for obj in (other, hidden):
        bpy.context.collection.objects.link(obj)
        obj.parent, obj.location = table, (1, 2, 3)
    table.location = (5, 0, 0)
    bpy.context.view_layer.update()
    stands = other.matrix_world.copy()
    other.select_set(True)
    bpy.ops.saga.split_clusters()
    bpy.context.view_layer.update()
    assert other.matrix_world == hidden.matrix_basis == stands and other.parent is None
    assert len(bpy.context.selected_objects) == 5 and not other.select_get()

    handle = bpy.data.objects["Handle"]
    other.parent, other.matrix_parent_inverse = handle, handle.matrix_world.inverted()
    other.location.z += 1
    bpy.context.view_layer.update()
    stands = other.matrix_world.copy()
    bpy.context.view_layer.objects.active = bpy.data.objects["Plate"]
    bpy.ops.saga.join()
    bpy.context.view_layer.update()
    np.testing.assert_allclose(other.matrix_world, stands, atol=1e-6)


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        (slice(2, 5), "Body"),
        (slice(0, 6), "Cup"),  # with all its parts
        (slice(0, 7), "Cup"),  # and some of the plate, as clicks do
        (slice(2, 3), "Body part"),
        (slice(3, 9), "t part"),  # half of two things
    ],
)
def test_a_split_off_thing_is_called_what_it_is(addon, table, chosen, name):
    selected = np.zeros(12, bool)
    selected[chosen] = True
    addon("saga_blender.splat_object").set_selection(table.data, selected)
    session = addon("saga_blender.engine.session").session
    session.notice = "6 of 12 Gaussians selected, at scale 0.70."
    bpy.ops.saga.split()
    assert bpy.context.object.name == name
    assert session.notice.startswith(f"{name}: ")


def test_all_of_it_survives_a_saved_file_and_undo(addon, table, listed, tmp_path):
    table.data.saga.found["Cup"].shown = False
    before = listed(table)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "t.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "t.blend"))
    obj = bpy.data.objects["t"]
    assert listed(obj) == before and labelled(addon, obj) == FOUND
    assert not obj.data.saga.found["Cup"].shown
    assert obj.data["saga_source"] == str(tmp_path / "t.ply")

    bpy.context.view_layer.objects.active = obj
    obj.data.saga.found["Cup"].shown = True
    bpy.ops.saga.select_cluster(row=0)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.saga.merge_clusters()
    bpy.ops.ed.undo_push(message="after")
    session = addon("saga_blender.engine.session").session
    assert session.notice == "Cup has 0 Gaussians more", "they were of its parts"
    bpy.ops.ed.undo()
    assert listed(bpy.data.objects["t"]) == before and not session.notice
    bpy.ops.ed.redo()
    assert list(listed(bpy.data.objects["t"])) == ["Cup", "Plate"]


OPEN_BARE = """
import sys, bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
data = bpy.data.objects["t"].data
assert not bpy.context.preferences.addons.get("bl_ext.user_default.saga_blender")
print([a.value for a in data.attributes["saga:cluster"].data], data.attributes["scale"].data_type)
"""


def test_the_file_opens_without_the_add_on(table, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "t.blend"))
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(tmp_path / "bare")}
    command = [sys.executable, "-c", OPEN_BARE, str(tmp_path / "t.blend")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "[2, 2, 3, 3, 3, 0, 1, 1, 1, 1, 1, -1] FLOAT_VECTOR" in ran.stdout, ran.stderr


def test_without_a_list_the_buttons_say_why(addon, ply, tmp_path):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(3, 0))))
    for operator in (bpy.ops.saga.select_cluster, bpy.ops.saga.merge_clusters):
        with pytest.raises(RuntimeError, match="Decompose the scene first"):
            operator()


def test_what_is_said_of_the_scene_reaches_its_points_in_any_order(addon, table):
    splat_object, write = (
        addon("saga_blender.splat_object"),
        addon("saga_blender.point_cloud").write,
    )
    of_scene = np.arange(12) ** 2
    turned, doubled = np.arange(12)[::-1], np.array([0, 2, 2, *range(3, 12)])
    for index, there in ((turned, None), (doubled, [0, *range(2, 12)])):
        write(table.data, splat_object.INDEX, "INT", index)
        said = splat_object.per_point(table.data, of_scene, -1)
        np.testing.assert_array_equal(said, of_scene[index])
        np.testing.assert_array_equal(splat_object.remaining(table.data), there)
    write(table.data, splat_object.INDEX, "INT", np.arange(12) + 1)
    with pytest.raises(addon("backend.errors").BadInput, match="has changed since it was"):
        splat_object.per_point(table.data, of_scene, -1)
