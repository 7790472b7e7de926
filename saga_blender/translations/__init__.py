"""What the add-on says in other languages: for each a JSON file, from the English to theirs.

Blender looks labels and tooltips up by itself. Sentences with numbers and names
in them go through `said`; what has no translation stays English.
"""

import json
from pathlib import Path

import bpy
from bpy.app.translations import contexts, pgettext_rpt

OURS = "SAGA"  # the context of words that Blender itself means otherwise, such as Scale
_CONTEXTS = (contexts.default, contexts.operator_default, OURS)  # buttons have one of their own


def said(sentence: str, **values: object) -> str:
    """A sentence in Blender's language, with values put into its {places}."""
    translated = pgettext_rpt(sentence)
    return translated.format(**values) if values else translated


def register() -> None:
    """Have Blender know all languages that there are files of."""
    languages = {
        file.stem: {
            (context, english): theirs
            for english, theirs in json.loads(file.read_text(encoding="utf-8")).items()
            for context in _CONTEXTS
        }
        for file in Path(__file__).parent.glob("*.json")
    }
    bpy.app.translations.register(__name__, languages)


def unregister() -> None:
    """Leave nothing behind."""
    bpy.app.translations.unregister(__name__)
