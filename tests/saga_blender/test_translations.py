"""What the add-on says in other languages: nothing is forgotten, nothing is left over."""

import ast
import inspect
import json
import string
from pathlib import Path

import bpy
import pytest


def literals(tree: ast.AST) -> set[str]:
    """All strings of some code; the places in a joined one are not told."""
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and str is type(n.value)}


@pytest.fixture
def german(addon):
    """The English to the German, and the folder of the add-on's code."""
    folder = Path(addon("saga_blender").__file__).parent
    text = (folder / "translations" / "de_DE.json").read_text(encoding="utf-8")
    return json.loads(text), folder


def test_all_labels_are_translated(addon, german):
    """Of panels, buttons, tools and what can be set; not of what only scripts set."""
    labels = {cls.bl_label for cls in addon("saga_blender.select_tool").TOOLS}
    for cls in addon("saga_blender").CLASSES:
        if issubclass(cls, bpy.types.Panel):
            labels.add(cls.bl_label)
    for settings in (
        addon("saga_blender.properties").SagaSettings,
        addon("saga_blender.properties").SelectSettings,
    ):
        names = inspect.get_annotations(settings)
        labels |= {settings.bl_rna.properties[name].name for name in names}
    for panel in (german[1] / "panels").glob("*.py"):
        for node in ast.walk(ast.parse(panel.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "said":
                labels |= literals(node.args[0])
            for argument in getattr(node, "keywords", ()):
                if argument.arg == "text" and panel.stem != "preferences":
                    labels |= literals(argument.value)
    forgotten = {label for label in labels if label.strip(" ,-x")} - german[0].keys()
    assert not forgotten, forgotten


def test_no_translation_is_of_something_that_is_no_longer_said(german):
    code = [path.read_text(encoding="utf-8") for path in german[1].rglob("*.py")]
    said = set().union(*(literals(ast.parse(text)) for text in code))
    said |= {f"There is no {size} thing here." for size in ("larger", "smaller")}
    stale = german[0].keys() - said
    assert not stale, stale


def test_sentences_keep_their_places(german):
    for english, theirs in german[0].items():
        places = [
            sorted(part[1:3] for part in string.Formatter().parse(text) if part[1])
            for text in (english, theirs)
        ]
        assert places[0] == places[1], english


def test_blender_speaks_german_when_told_to(addon, ply, tmp_path):
    view = bpy.context.preferences.view
    if "de_DE" not in bpy.app.translations.locales:
        pytest.skip("this Blender was built without other languages")
    former = view.language
    view.language = "de_DE"
    view.use_translate_interface = view.use_translate_reports = True
    try:
        bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
        bpy.ops.saga.selection(mode="ALL")
        notice = addon("saga_blender.engine_session").session.notice
        assert notice == "9 Gaußverteilungen ausgewählt."
        translated = bpy.app.translations.pgettext_iface("Train SAGA")
        assert translated == "SAGA trainieren"
    finally:
        view.language = former
