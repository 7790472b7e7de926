"""The button that installs the engine."""

import os
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from types import SimpleNamespace

import bpy
import pytest
from test_panels import Layout


@pytest.fixture
def chosen(addon, tmp_path):
    """The preferences, with a scratch folder for the engine and no Python of the person's own."""
    chosen = addon("saga_blender.preferences").preferences()
    chosen.engine_folder, chosen.engine_python = str(tmp_path), ""
    online = bpy.context.preferences.system.use_online_access
    bpy.context.preferences.system.use_online_access = True
    yield chosen
    addon("saga_blender.engine.session").session.close()
    chosen.engine_folder = chosen.engine_python = ""
    bpy.context.preferences.system.use_online_access = online


def test_nothing_is_fetched_when_blender_is_to_stay_offline(chosen):
    assert bpy.ops.saga.install_engine.poll() and bpy.ops.saga.fetch_weights.poll()
    bpy.context.preferences.system.use_online_access = False
    assert not bpy.ops.saga.install_engine.poll() and not bpy.ops.saga.fetch_weights.poll()


def test_the_engine_lies_where_blender_wants_data_of_extensions(addon, chosen):
    environment = addon("saga_blender.engine.place").environment
    assert str(environment().folder).startswith(chosen.engine_folder)
    chosen.engine_folder = ""
    user = bpy.utils.extension_path_user("bl_ext.user_default.saga_blender")
    assert str(environment().folder.parent) == user.rstrip("/\\")
    with pytest.raises(addon("backend.errors").BadInput, match=r"not installed.*preferences"):
        addon("saga_blender.engine.place").engine_python()


def test_it_asks_first_and_says_size_and_place(addon, chosen, tmp_path):
    operator, shown = addon("saga_blender.operators.install").InstallEngine, []
    asked = []
    ask = SimpleNamespace(invoke_props_dialog=lambda *_, **said: asked.append(said["title"]))
    operator.invoke(None, SimpleNamespace(window_manager=ask), None)
    assert asked == ["Install the engine?"] and list(tmp_path.iterdir()) == []
    operator.draw(SimpleNamespace(layout=Layout(shown)), None)
    assert shown[0] == "0.4 GB are downloaded; 1.6 GB stay in"
    assert shown[1:] == [str(tmp_path / "engine"), "With an NVIDIA card: 2.9 GB and 7.5 GB."]


def test_the_preferences_say_how_the_engine_stands(addon, chosen, tmp_path):
    panel = addon("saga_blender.panels.preferences")
    session = addon("saga_blender.engine.session").session

    def drawn() -> str:
        shown = []
        region = SimpleNamespace(width=500)
        context = SimpleNamespace(region=region, preferences=bpy.context.preferences)
        draw = panel.SagaPreferences.draw
        stand_in = SimpleNamespace(layout=Layout(shown), engine_on=chosen.engine_on)
        stand_in.engine_python = chosen.engine_python
        stand_in._draw_here = partial(panel.SagaPreferences._draw_here, stand_in)
        rna = SimpleNamespace(properties=chosen.bl_rna.properties)
        stand_in.bl_rna = rna
        draw(stand_in, context)
        return "\n".join(shown)

    assert "is not installed\nInstall Engine\nEngine's Folder" in drawn()
    (tmp_path / "engine").mkdir()
    assert "interrupted\nGo On Installing\nRemove" in drawn()
    environment = addon("saga_blender.engine.place").environment()
    session.change = addon("saga_blender.installation.installer").Installation(
        environment, sys.executable
    )
    environment.log.write_text("a\nb\nlast line\n")
    assert "Installing [0%]\nCancel\na\nb\nlast line" in drawn()
    session.change.outcome = addon("backend.errors").BadInput("The disk is full.", "Make it.")
    assert "The disk is full.\nMake it." in drawn()
    chosen.engine_python = sys.executable
    assert drawn().startswith("Engine\nEngine's Folder")
    session.change = None
    chosen.engine_python, bpy.context.preferences.system.use_online_access = "", False
    assert "Remove\nAllow Online Access first" in drawn(), "the other button is greyed out"
    chosen.engine_on = "SSH"
    assert drawn().startswith("Engine\nAllow Online Access first")
    bpy.context.preferences.system.use_online_access = True
    assert drawn().startswith("Engine\nGive the host")
    chosen.ssh_host, chosen.ssh_folder = "gpu-box", "~/saga-blender"
    session.error = addon("backend.errors").BadInput("No such computer.", "Check its name.")
    assert drawn().startswith("Engine\nNo such computer.\nCheck its name.\nHost")
    chosen.engine_on, chosen.ssh_host, chosen.ssh_folder = "HERE", "", ""
    assert session.error is None, "it was another engine's"


@pytest.fixture
def engine_of_before(addon, chosen, tmp_path, monkeypatch):
    """An installed engine and the add-on's folder, in which an update can be played."""
    root = tmp_path / "add-on"
    for folder in ("requirements", "backend"):
        (root / folder).mkdir(parents=True)
    for lock in ("engine", "torch-cpu"):
        (root / "requirements" / f"{lock}.lock").write_text("before")
    said = "import pathlib, sys; print('It works.'); pathlib.Path(sys.argv[1]).touch()"
    (root / "backend" / "warm_up.py").write_text(said)
    (root / "backend" / "__init__.py").touch()
    monkeypatch.setattr(addon("saga_blender.engine.place"), "PACKAGE_ROOT", root)
    place = addon("saga_blender.engine.place").environment()
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to(sys.executable)
    place.finish("cpu")
    assert place.state == "ready"
    return place


def test_an_update_with_other_packages_asks_and_does_nothing_before_the_click(
    addon, engine_of_before
):
    place, session = engine_of_before, addon("saga_blender.engine.session").session
    session.change = None
    (place.package_root / "requirements" / "engine.lock").write_text("after")
    was = {path: path.stat().st_mtime_ns for path in place.folder.rglob("*")}
    shown = []
    layout, region = Layout(shown), SimpleNamespace(width=500)
    context = SimpleNamespace(region=region, preferences=bpy.context.preferences)
    addon("saga_blender.panels.preferences")._draw_engine(layout, context, place)
    addon("saga_blender.panels.engine").SagaPanel.draw(SimpleNamespace(layout=layout), context)
    sentence = ["The engine's packages changed with this update", "Update Engine"]
    assert shown[:5] == [*sentence, "Remove", *sentence]
    addon("saga_blender.engine.warming").warming.start()
    place_module = addon("saga_blender.engine.place")
    assert place_module.engine_python() == str(place.python)  # it still works
    assert place_module.why_out_of_reach() == ""
    assert was == {path: path.stat().st_mtime_ns for path in place.folder.rglob("*")}
    assert session.change is None


def test_after_an_update_the_engine_compiles_before_it_is_asked(addon, engine_of_before):
    place, warming = engine_of_before, addon("saga_blender.engine.warming").warming
    assert not place.is_warm
    warming.start()
    assert warming.process.wait(60) == 0 and place.is_warm
    warming.stop()
    warming.start()
    assert warming.process is None  # once is enough
    updated = place.package_root / "backend" / "warm_up.py"
    updated.write_text("import time; time.sleep(60)")
    later = time.time() + 10
    os.utime(updated, (later, later))
    assert not place.is_warm
    warming.start()
    process = warming.process
    warming.stop()
    assert process.poll() is not None and not place.is_warm


def test_the_engine_has_ended_before_its_files_go(addon, chosen, talk, tmp_path):
    client = talk[0].connected()
    client.wait(client.request(addon("backend.protocol").Info("hello")))
    process = client._process
    (tmp_path / "engine").mkdir()
    assert bpy.ops.saga.remove_engine() == {"FINISHED"}
    assert process.exit_code is not None, "Windows deletes no file that is in use"
    assert talk[0].change.outcome == "The engine was removed."


def test_while_an_engine_that_hangs_is_waited_for_blender_goes_on_and_starts_no_other(
    addon, chosen, tmp_path
):
    session, change = (
        addon(f"saga_blender.{n}") for n in ("engine.session", "installation.change")
    )
    may_go, place = threading.Event(), addon("saga_blender.engine.place").environment()
    place.folder.mkdir()
    session.session.change = removal = change.Removal(place, may_go.wait)
    removal.start()
    assert session.session.occupied == session.BEING_CHANGED
    with pytest.raises(addon("backend.errors").BadInput, match="installed or removed"):
        session.session.connected()
    assert not bpy.ops.saga.cancel_install.poll(), "what is half gone is of no use"
    assert place.folder.is_dir()
    may_go.set()
    assert removal.wait() == "The engine was removed." and not place.folder.exists()
    assert not session.session.occupied


def test_a_change_that_ends_unforeseen_lets_others_begin(addon, chosen):
    session, change = (
        addon(f"saga_blender.{n}") for n in ("engine.session", "installation.change")
    )
    place = addon("saga_blender.engine.place").environment()
    place.folder.mkdir()
    session.session.change = removal = change.Removal(place, lambda: 1 / 0)
    removal.start()
    with pytest.raises(addon("backend.errors").EngineFailure, match="division by zero"):
        removal.wait()
    assert not session.session.changing and bpy.ops.saga.remove_engine.poll()
    (place.folder / "saga.txt").mkdir()  # cannot be unlinked
    with pytest.raises(RuntimeError, match="cannot be removed"):
        bpy.ops.saga.remove_engine()
    assert bpy.ops.saga.install_engine.poll()


def test_an_engine_that_is_not_changed_can_be_asked_meanwhile(addon, chosen):
    session, change = (
        addon(f"saga_blender.{n}") for n in ("engine.session", "installation.change")
    )
    place = addon("saga_blender.engine.place").environment()
    session.session.change = change.Removal(place, lambda: None)
    assert session.session.occupied == session.BEING_CHANGED
    chosen.engine_python = sys.executable
    assert session.session.occupied == "" and session.session.connected()
    assert not bpy.ops.saga.install_engine.poll(), "one change at a time"
    session.session.change = None


def registry_answers(folder) -> bool:
    """Whether pip can reach the registry that it is configured for."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries=0", "-q", "plyfile"]
    return not subprocess.run([*pip, "-d", str(folder)], capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.fault("the installation: for real, without compiler or git, and removing")
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="once is enough")
def test_the_real_engine_is_installed_answers_and_is_removed(addon, chosen, tmp_path, monkeypatch):
    if not registry_answers(tmp_path / "probe"):
        pytest.skip("pip reaches no registry")
    monkeypatch.setenv("PATH", str(tmp_path))  # nothing to compile or clone with
    assert bpy.ops.saga.install_engine() == {"FINISHED"}
    session, protocol = addon("saga_blender.engine.session").session, addon("backend.protocol")
    assert "PyTorch 2.13.0" in session.change.outcome
    assert not shutil.which("cc")
    assert addon("saga_blender.engine.place").environment().is_warm
    with pytest.raises(addon("backend.errors").BadInput, match="missing"):
        session.wait(protocol.Info("missing.ply"))
    assert bpy.ops.saga.remove_engine() == {"FINISHED"}
    assert not (tmp_path / "engine").exists()
