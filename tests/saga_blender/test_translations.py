"""What the add-on says in other languages: nothing is forgotten, nothing is left over."""

import ast
import json
import string
from pathlib import Path

import bpy
import pytest
import said_by_code as code


@pytest.fixture
def german(addon):
    """The English to the German, and the folder of the add-on's code."""
    folder = Path(addon("saga_blender").__file__).parent
    text = (folder / "translations" / "de_DE.json").read_text(encoding="utf-8")
    return json.loads(text), folder


@pytest.fixture
def registered(addon) -> set[str]:
    """All labels and tooltips of the add-on, but for the names of models."""
    said = set(code.registered(addon("saga_blender").CLASSES))
    for tool in addon("saga_blender.select_tool").TOOLS:
        said |= {tool.bl_label, tool.bl_description}
    for stands in addon("saga_blender.engine.place").STANDS.values():
        said |= set(stands)
    return {text for text in said if text and not text.endswith(" MB)")}


def test_all_that_a_person_reads_is_translated(german, registered):
    translations, folder = german
    forgotten = (registered | set(code.sentences(folder))) - translations.keys()
    assert not forgotten, forgotten
    assert not list(code.half_sentences(folder)), "names and numbers go through `said`"


def test_no_translation_is_of_something_that_is_no_longer_said(german, registered):
    translations, folder = german
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))
    stale = translations.keys() - registered.union(*map(code.literals, trees))
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
        notice = addon("saga_blender.engine.session").session.notice
        assert notice == "9 Gaußverteilungen ausgewählt."
        translated = bpy.app.translations.pgettext_iface("Train SAGA")
        assert translated == "SAGA trainieren"
        with pytest.raises(RuntimeError, match="Alles ist ausgewählt"):
            bpy.ops.saga.split()
    finally:
        view.language = former
