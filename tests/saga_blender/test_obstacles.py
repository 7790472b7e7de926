"""A button that is greyed out says why: each of them, in each state of the work."""

from types import SimpleNamespace

import bpy
import pytest

WITHOUT_SPLAT = {"Held", "ImportSplat"}  # what can be done in an empty scene, offline


@pytest.fixture
def reasons(addon, monkeypatch):
    """A function: why each operator that is greyed out now is, by name; "" for those that go."""
    monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", False)
    addon("saga_blender.drawing.overlay").overlay.forget()
    classes = addon("saga_blender").CLASSES
    operators = [cls for cls in classes if issubclass(cls, bpy.types.Operator)]

    def told(cls: type) -> str:
        group, name = cls.bl_idname.split(".")
        operator = getattr(getattr(bpy.ops, group), name)
        if operator.poll():
            return ""
        with pytest.raises(RuntimeError) as refused:
            operator()
        return str(refused.value).partition(".poll() ")[2].strip()

    return lambda: {cls.__name__: told(cls) for cls in operators}


ASKING = ("Select", "BoxAround", "ScribbleOver", "StepScale", "Decompose", "Find", "Hover")


def test_what_is_greyed_out_says_why(addon, reasons, ply, tmp_path):
    empty = reasons()
    bpy.ops.mesh.primitive_cube_add()
    cube = reasons()
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    untrained = reasons()
    (tmp_path / "t.ply").unlink()
    gone = reasons()

    for state in (empty, cube, untrained, gone):
        vague = {name for name, why in state.items() if why.startswith("failed")}
        assert not vague, vague
    assert {name for name, why in empty.items() if not why} <= WITHOUT_SPLAT
    assert "not installed" in empty["RemoveEngine"]
    assert "Online Access" in empty["FetchWeights"] and "Online Access" in empty["InstallEngine"]
    assert empty == cube, "another object is no splat either"
    assert "a Gaussian splat" in empty["Point"] and not untrained["Point"]
    for name in ASKING:
        assert "imported Gaussian splat" in empty[name]
        assert "Train SAGA first" in untrained[name]
        assert "t.ply is not in" in gone[name]
    assert not untrained["Train"] and "t.ply is not in" in gone["Train"]
    assert not untrained["Selection"] and not untrained["ExportSplat"]
    assert "click the thing" in untrained["Split"] and "two or more" in untrained["Join"]


def test_a_click_of_the_tool_says_what_keeps_it_from_selecting(addon, ply, tmp_path):
    """It has no button that could be greyed out, and goes on to what else the mouse does."""
    said, point = [], addon("saga_blender.operators.select").Point
    click = SimpleNamespace(report=lambda kind, sentence: said.append((kind, sentence)))
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    assert point.invoke(click, bpy.context, None) == {"CANCELLED", "PASS_THROUGH"}
    ((kind, sentence),) = said
    assert kind == {"WARNING"} and "Train SAGA first" in sentence


def trained(ply, folder):
    """A splat that looks trained to the add-on."""
    path = ply.write(folder / "t.ply", ply.rows(9, 0))
    bpy.ops.import_scene.saga_splat(filepath=str(path))
    path.with_suffix(".saga").mkdir()
    (path.with_suffix(".saga") / "field.safetensors").touch()


def test_without_an_engine_nothing_is_asked(addon, reasons, ply, tmp_path):
    trained(ply, tmp_path)
    missing = reasons()
    chosen = addon("saga_blender.preferences").preferences()
    chosen.engine_on = "SSH"
    offline = reasons()
    chosen.engine_on, chosen.engine_python = "HERE", "python"
    there = reasons()
    chosen.engine_python = ""
    for name in ("Select", "BoxAround", "ScribbleOver", "Decompose", "Find"):
        assert "engine is not installed" in missing[name]
        assert "Allow Online Access" in offline[name]
        assert not there[name]


def test_only_a_click_gives_way(addon, reasons, ply, tmp_path):
    """What a button or a word has started is not lost to a click or to another button."""
    protocol, module = addon("backend.protocol"), addon("saga_blender.engine.session")
    trained(ply, tmp_path)
    addon("saga_blender.preferences").preferences().engine_python = "python"
    try:
        for work in ("Train", "Fetch", "Decompose", "Find", "Select"):
            module.session.job = module.Job(getattr(protocol, work), work)
            told = reasons()
            for name in ("Select", "BoxAround", "Find", "Decompose", "Train", "RemoveEngine"):
                assert ("or cancel" in told[name]) == (work != "Select"), (work, name)
    finally:
        module.session.job = None
        addon("saga_blender.preferences").preferences().engine_python = ""


def test_a_splat_of_another_file_and_one_in_another_mode_say_so(addon, reasons, ply, tmp_path):
    trained(ply, tmp_path)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "t.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "t.blend"), link=True) as (_, linked):
        linked.objects = ["t"]
    bpy.context.collection.objects.link(bpy.data.objects["t"])
    bpy.context.view_layer.objects.active = bpy.data.objects["t"]
    linked = reasons()
    for name in ("Selection", "Relink", *ASKING):
        assert "make it local" in linked[name]


def test_a_splat_that_is_squashed_flat_is_not_pointed_at(addon, reasons, ply, tmp_path):
    trained(ply, tmp_path)
    chosen = addon("saga_blender.preferences").preferences()
    chosen.engine_python = "python"
    bpy.context.object.scale.z = 0
    bpy.context.view_layer.update()
    flat = reasons()
    chosen.engine_python = ""
    pointing = ("Select", "BoxAround", "ScribbleOver", "Hover", "NudgeScale", "AddView")
    for name in (*pointing, "ApplyTransform"):
        assert "scale other than 0" in flat[name], name
    assert not flat["Decompose"] and not flat["ExportSplat"]
