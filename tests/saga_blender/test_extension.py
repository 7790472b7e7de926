"""The extension as an artist gets it: what is in the zip, and that it comes and goes cleanly."""

import hashlib
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import bpy
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "bl_ext.user_default.saga_blender"


def test_zip_holds_only_what_blender_needs(extension_zip):
    names = {PurePosixPath(name) for name in zipfile.ZipFile(extension_zip).namelist()}
    assert {name.parts[0] for name in names if len(name.parts) > 1} == {
        "backend",
        "requirements",
        "saga_blender",
        "wheels",
    }
    files = {str(name) for name in names if len(name.parts) == 1 or name.suffix != ".py"}
    assert files - {"README.md"} == {
        "__init__.py",
        "LICENSE",
        "blender_manifest.toml",
        *(f"requirements/{name}.lock" for name in ("engine", "torch-cpu", "torch-cuda", "uv")),
        *(f"saga_blender/icons/{name}.dat" for name in ("box", "brush", "select")),
        "saga_blender/translations/de_DE.json",
        "wheels/plyfile-1.1.3-py3-none-any.whl",
    }


def test_the_bundled_wheel_is_the_one_that_the_engine_installs(extension_zip):
    lock = (ROOT / "requirements/engine.lock").read_text(encoding="utf-8")
    archive = zipfile.ZipFile(extension_zip)
    (wheel,) = (name for name in archive.namelist() if name.endswith(".whl"))
    assert hashlib.sha256(archive.read(wheel)).hexdigest() in lock


@pytest.fixture(scope="module")
def index() -> Path:
    """The index of a repository that serves the extension."""
    command = [sys.executable, ROOT / ".ci" / "repo.py"]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Path(ran.stdout.strip())


def test_the_repository_lists_the_extension_with_its_hash_and_size(extension_zip, index):
    (listed,) = json.loads(index.read_text(encoding="utf-8"))["data"]
    served = (index.parent / listed["archive_url"]).read_bytes()
    assert served == extension_zip.read_bytes()
    assert listed["archive_size"] == len(served)
    assert listed["archive_hash"] == f"sha256:{hashlib.sha256(served).hexdigest()}"
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    for name in ("id", "version", "blender_version_min", "license", "permissions"):
        assert listed[name] == manifest[name]
    assert (index.parent / "index.html").is_file()


ANOTHER_BLENDER = """
import sys
import bpy
preferences = bpy.context.preferences
preferences.system.use_online_access = True
repositories = preferences.extensions.repos
served = repositories.new(name="SAGA", module="served", remote_url=sys.argv[1])
where = {"repo_directory": served.directory}
bpy.ops.extensions.repo_sync(**where)
bpy.ops.extensions.package_install(**where, pkg_id="saga_blender", enable_on_install=True)
assert "bl_ext.served.saga_blender" in preferences.addons
assert bpy.ops.saga.train.get_rna_type().identifier == "SAGA_OT_train"
"""


def test_another_blender_installs_from_the_repository(index, tmp_path):
    command = [sys.executable, "-c", ANOTHER_BLENDER, index.as_uri()]
    fresh = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path)}
    ran = subprocess.run(command, env=fresh, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_disable_leaves_no_trace_and_enable_works_again(addon, traces, untouched):
    for _ in range(2):
        enabled = traces()
        assert "saga_splat" in enabled["operators"]["import_scene"]
        bpy.ops.preferences.addon_disable(module=EXTENSION)
        disabled = traces()
        for kind, before in untouched.items():
            assert disabled[kind] == before, kind
        bpy.ops.preferences.addon_enable(module=EXTENSION)
        for kind, before in enabled.items():
            assert traces()[kind] == before, kind


def test_the_engine_stays_behind_the_process_boundary(addon):
    addon("saga_blender")
    loaded = {name for name in sys.modules if name.startswith(f"{EXTENSION}.backend.")}
    rooms = {name.removeprefix(f"{EXTENSION}.backend.").split(".")[0] for name in loaded}
    known = {"errors", "files", "gaussians", "json_text", "protocol", "weights", "workspace"}
    assert rooms <= known
    assert importlib.util.find_spec("torch") is None, "this environment would hide a torch import"


def test_every_operator_and_property_has_a_tooltip(addon):
    add_on = addon("saga_blender")
    for cls in add_on.CLASSES:
        described = cls.bl_rna
        if issubclass(cls, bpy.types.Operator):
            category, name = cls.bl_idname.split(".")
            described = getattr(getattr(bpy.ops, category), name).get_rna_type()
            assert len(described.description) > 15, cls
        ours = inspect.get_annotations(cls).keys() - {"axis_forward", "axis_up"}  # Blender's words
        for prop in described.properties:
            if prop.identifier in ours and not prop.is_hidden:
                assert len(prop.description) > 15, (cls, prop.identifier)


def test_paths_may_be_beside_the_blend(addon):
    settings = addon("saga_blender.properties").SagaSettings.bl_rna.properties
    paths = [prop for prop in settings if prop.subtype in {"FILE_PATH", "DIR_PATH"}]
    assert len(paths) == 4 and all(prop.is_path_supports_blend_relative for prop in paths)


def test_the_tools_have_icons_of_their_own(addon):
    """By Blender's own reader, for which the numbers of triangles must come out even."""
    for tool in addon("saga_blender.select_tool").TOOLS:
        assert bpy.app.icons.new_triangles_from_file(f"{tool.bl_icon}.dat") > 0


@pytest.mark.parametrize("menu", ["TOPBAR_MT_file_import", "TOPBAR_MT_file_export"])
def test_file_menu_entries(addon, menu):
    functions = getattr(bpy.types, menu).draw._draw_funcs
    assert [f.__module__ for f in functions if f.__module__.startswith(EXTENSION)]
