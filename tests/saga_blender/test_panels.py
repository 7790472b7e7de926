"""The sidebar in every state of the work, read as text: there is no layout without a window."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest


class Layout:
    """Writes down what a panel draws, settings that are greyed out in brackets.

    It refuses what Blender would not know.
    """

    def __init__(self, shown: list[str], enabled: bool = True) -> None:
        self.__dict__.update(shown=shown, enabled=enabled)

    def nested(self, **_look) -> "Layout":
        return Layout(self.shown, self.enabled)

    row = column = box = split = nested

    def __setattr__(self, name, value):
        assert name in bpy.types.UILayout.bl_rna.properties, name
        if name == "enabled":  # in what is greyed out, all is
            self.__dict__["enabled"] = self.enabled and value

    def label(self, text="", icon="NONE"):
        self.shown.append(text)

    def progress(self, text, factor):
        self.shown.append(f"{text} [{factor:.0%}]")

    def separator(self, **_look):
        pass

    def prop(self, data, name, text=None, **_look):
        known = data.bl_rna.properties[name].name
        shown = known if text is None else text or str(getattr(data, name))
        self.shown.append(shown if self.enabled else f"({shown})")

    def template_list(self, idname, _id, data, name, active_data, active_name):
        rows, draws = getattr(data, name), getattr(bpy.types, idname).draw_item
        assert active_name in active_data.bl_rna.properties
        for index, row in enumerate(rows):
            draws(None, None, self, data, row, 0, active_data, active_name, index)

    def operator(self, idname, text="", **_look):
        group, name = idname.split(".")
        known = getattr(getattr(bpy.ops, group), name).get_rna_type()
        self.shown.append(text or known.name)
        return SimpleNamespace()

    def operator_menu_enum(self, idname, name, **look):
        assert self.operator(idname, **look) is not None and name


@pytest.fixture
def sidebar(addon):
    """A function that draws all panels and returns the lines, panel by panel."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    region = next(region for region in area.regions if region.type == "UI")
    classes = addon("saga_blender.panels").CLASSES
    panels = [panel for panel in classes if issubclass(panel, bpy.types.Panel)]

    def draw() -> dict[str, list[str]]:
        lines = {panel.bl_label: [] for panel in panels}
        with bpy.context.temp_override(window=window, area=area, region=region):
            for panel in panels:
                stand_in = SimpleNamespace(layout=Layout(lines[panel.bl_label]))
                panel.draw(stand_in, bpy.context)
        return lines

    return draw


def test_with_nothing_there_each_step_says_what_it_needs(sidebar):
    lines = sidebar()
    _, *steps = lines
    for name in steps:
        assert "splat" in " ".join(lines[name]), name


def test_what_was_found_is_listed(addon, sidebar, ply, tmp_path):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    data = bpy.context.object.data
    addon("saga_blender.splat_object").set_clusters(data, np.arange(9) // 6)
    tree = addon("saga_blender.splat_object").tree_of(data)
    addon("saga_blender.found_objects").set_found(data, tree, np.arange(9) // 6)
    shown = sidebar()["Decompose Scene"]
    assert shown.index("Object 1") + 1 == shown.index("6") < shown.index("Object 2")
    assert {"Merge Selection", "Split Further", "Split into Objects"} <= set(shown)


def test_what_was_found_by_name_is_listed_with_what_is_left_of_it(addon, sidebar, ply, tmp_path):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    found, obj = addon("saga_blender.found"), bpy.context.object
    masks = [np.arange(9) < 4, np.arange(9) > 2]
    found.store_hits(obj.data, found.Hits("mug", 0.5, (0.9, 0.8)), masks)
    listed = ["0.90  mug: 4 Gaussians", "0.80  mug: 6 Gaussians"]
    assert sidebar()["Find by Name"][-2:] == listed
    addon("saga_blender.splat_object").set_selection(obj.data, masks[0])
    bpy.ops.saga.split()
    bpy.context.view_layer.objects.active = obj
    assert sidebar()["Find by Name"][-1] == "0.80  mug: 5 Gaussians"
    assert not any("0.90" in line for line in sidebar()["Find by Name"])
    found.store_hits(obj.data, found.Hits("mug", 0.5, (0.9,)), [np.zeros(5, bool)])
    assert " ".join(sidebar()["Find by Name"]).endswith("What was found is in other objects now")
    obj.data[found.LISTED] = '{"text": "mug", "scores": [0.5]}'  # as in files of before
    assert found.stored_hits(obj.data) == found.Hits("mug", 0.0, (0.5,))


def test_how_much_is_selected_and_how_large_it_is(addon, sidebar, ply, tmp_path):
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(8, 0))))
    obj, splat_object = bpy.context.object, addon("saga_blender.splat_object")
    corners = np.array([(x, y, z) for x in (0, 1) for y in (0, 2) for z in (0, 3)], np.float32)
    addon("saga_blender.point_cloud").write(obj.data, "position", "FLOAT_VECTOR", corners)
    obj.rotation_euler, obj.scale = (0, 0, 0), (2, 1, 1)
    bpy.context.view_layer.update()
    splat_object.set_selection(obj.data, corners[:, 1] == 0)
    shown = " ".join(sidebar()["Select"])
    assert "4 Gaussians selected (50.0%)" in shown and "2 m x 0 m x 3 m" in shown, shown


def test_a_missing_model_or_scene_is_one_clear_line(sidebar, ply, tmp_path):
    path = ply.write(tmp_path / "t.ply", ply.rows(9, 0))
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    assert "Train SAGA first" in " ".join(sidebar()["Select"])
    (tmp_path / "t.saga").mkdir()
    (tmp_path / "t.saga" / "field.safetensors").touch()
    assert "Train SAGA first" not in " ".join(sidebar()["Select"])
    path.unlink()
    for name in ("Scene", "Train SAGA", "Select", "Decompose Scene"):
        assert "t.ply is not in" in " ".join(sidebar()[name])
    assert "Find File" in sidebar()["Scene"]


def test_a_file_that_was_moved_is_found_again_for_all_its_parts(sidebar, ply, tmp_path):
    path = ply.write(tmp_path / "t.ply", ply.rows(9, 0))
    other = ply.write(tmp_path / "other.ply", ply.rows(8, 0))
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    part = bpy.context.object.copy()
    part.data = part.data.copy()
    moved = path.rename(tmp_path / "moved.ply")
    with pytest.raises(RuntimeError, match="8 Gaussians, the one that was imported had 9"):
        bpy.ops.saga.relink(filepath=str(other))
    assert bpy.ops.saga.relink(filepath=str(moved)) == {"FINISHED"}
    assert part.data["saga_source"] == bpy.context.object.data["saga_source"] == str(moved)
    assert "Find File" not in sidebar()["Scene"]


def test_another_splat_of_as_many_gaussians_is_not_the_one_that_was_moved(addon, ply, tmp_path):
    rows = ply.rows(30, 0)
    path = ply.write(tmp_path / "t.ply", rows)
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    data = bpy.context.object.data
    moved = rows.copy()
    moved["x"] += 5
    for k in range(3):
        moved[f"f_dc_{k}"] = moved[f"f_dc_{k}"][::-1]
    other = ply.write(tmp_path / "other.ply", moved)
    with pytest.raises(RuntimeError, match=r"colours.*Choose the file"):
        bpy.ops.saga.relink(filepath=str(other))
    assert data["saga_source"] == str(path)
    base = data.attributes["radiance:base"]
    painted = addon("saga_blender.point_cloud").read(base)
    painted[:10] = 0.5  # what was edited since is not held against the file
    addon("saga_blender.point_cloud").write(data, base.name, base.data_type, painted)
    addon("saga_blender.splat_object").set_selection(data, np.arange(30) >= 5)
    bpy.ops.saga.split()
    assert bpy.ops.saga.relink(filepath=str(path.rename(tmp_path / "u.ply"))) == {"FINISHED"}


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        (r"C:\Users\ann\mug.ply", r"C:\Users\ann"),
        (r"\\nas\share\mug.ply", "\\\\nas\\share\\"),
        ("/no/mug.ply", str(Path("/no"))),
    ],
)
def test_a_path_of_another_system_is_told_as_it_is_meant(addon, ply, tmp_path, source, folder):
    """A .blend from Windows, opened elsewhere."""
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    data = bpy.context.object.data
    data["saga_source"] = source
    told = addon("saga_blender.scene_file").why_no_scene(data)
    assert told.startswith(f"mug.ply is not in {folder} any more")
    scenes = addon("saga_blender.operators.export_splat")._scenes()
    assert [scene.stem for scene in scenes] == ["mug"], "the name that an export does not take"


def test_progress_and_errors_stand_at_the_top_and_in_the_status_bar(addon, sidebar):
    protocol, errors = addon("backend.protocol"), addon("backend.errors")
    module = addon("saga_blender.engine.session")
    session, shown = module.session, []
    job = session.job = module.Job(protocol.Train, "Train SAGA")
    try:
        job.progress = protocol.Progress("Making masks", 0.25, 130.0, 900.0, "view 3 of 12")
        addon("saga_blender.panels").draw_status(SimpleNamespace(layout=Layout(shown)), bpy.context)
        assert shown[0] == "Making masks, 2 min left [25%]" and len(shown) == 2  # and Cancel
        assert " ".join(sidebar()["SAGA"]).endswith(" ".join([*shown, "view 3 of 12"]))
        session.job, session.error = None, errors.BadInput("The masks are gone.", "Make them anew.")
        assert " ".join(sidebar()["SAGA"]).endswith("The masks are gone. Make them anew.")
        offer = {"max_views": 60, "device": "cpu"}
        session.error = errors.NotEnoughMemory("Too large.", "60 views fit.", offer)
        assert "Train on 60 Views with the CPU" in sidebar()["SAGA"]
    finally:
        session.job = session.error = None


def test_sliders_rest_while_the_engine_has_other_work_and_say_so(addon, sidebar, ply, tmp_path):
    """What they said then would be heard when nobody expects it any more."""
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    module, Train = addon("saga_blender.engine.session"), addon("backend.protocol").Train
    tool, header = addon("saga_blender.select_tool").SelectTool, []
    bpy.context.workspace.saga.automatic = False
    sliders = ("Automatic Scale", "Scale", "Threshold")
    assert {*sliders, "Only Connected"} <= set(sidebar()["Select"])
    module.session.job = module.Job(Train, "Train SAGA")
    try:
        resting = sidebar()["Select"]
        tool.draw_settings(bpy.context, Layout(header), None)
    finally:
        module.session.job = None
    assert {f"({name})" for name in (*sliders, "Only Connected")} <= set(resting)
    assert {f"({name})" for name in sliders} <= set(header)
    for shown in (resting, header):
        assert "Wait until the engine is done" in " ".join(shown)


def test_long_lines_are_broken_where_the_sidebar_ends(addon):
    import blf  # there is none before bpy

    context = SimpleNamespace(
        preferences=bpy.context.preferences, region=SimpleNamespace(width=240)
    )
    for sentence in (
        "a sentence of words " * 9,
        "MAMMOTHS WAGGLE " * 9,
        "in it, if I till it " * 9,
    ):
        shown = []
        addon("saga_blender.panels.parts").write(Layout(shown), context, sentence)
        widths = [blf.dimensions(0, line)[0] for line in shown]
        assert " ".join(shown) == sentence.strip()
        assert min(widths[:-1]) > 75 and max(widths) <= 150, "90 pixels are for all else"
