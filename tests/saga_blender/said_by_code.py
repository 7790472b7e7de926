"""What the add-on's code says to a person: read out of the code, and out of what it registers."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import bpy

SAYS = {"said": 0, "report": 1, "tell": 1, "write": 2}  # functions: which argument is read
SHOWN = {"text", "title", "confirm_text"}  # arguments by name that a person reads
BLENDERS = {"axis_forward", "axis_up"}  # properties that Blender adds and translates


def literals(tree: ast.AST) -> set[str]:
    """All strings of some code; the places in a joined one are not told."""
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and str is type(n.value)}


def sentences(folder: Path) -> Iterator[str]:
    """What is passed on to be shown or reported, and what functions answer in words."""
    for node in _read(folder):
        yield from (text for text in literals(node) if _is_worded(text))


def half_sentences(folder: Path) -> Iterator[str]:
    """The same where names or numbers are put in too early for a translation: the code itself."""
    for node in _read(folder):
        for joined in ast.walk(node):
            if isinstance(joined, ast.JoinedStr) and any(map(_is_worded, literals_beside(joined))):
                yield ast.unparse(joined)


def literals_beside(joined: ast.JoinedStr) -> set[str]:
    """The text around the places of a joined string."""
    return {part.value for part in joined.values if isinstance(part, ast.Constant)}


def registered(classes: tuple[type, ...]) -> Iterator[str]:
    """Labels and tooltips of classes, and of what can be set in them."""
    for cls in classes:
        yield getattr(cls, "bl_label", "")
        if issubclass(cls, bpy.types.Operator):
            group, name = cls.bl_idname.split(".")
            yield getattr(getattr(bpy.ops, group), name).get_rna_type().description
        extension = cls.__module__.partition(".saga_blender.")[0]
        for base in cls.__mro__:
            ours = base.__module__.startswith(extension)
            for name, prop in inspect.get_annotations(base).items() if ours else ():
                if hasattr(prop, "keywords") and name not in BLENDERS:
                    yield from _of_property(prop.keywords)


def _of_property(keywords: dict) -> Iterator[str]:
    if "HIDDEN" not in keywords.get("options", ()):
        yield from (keywords["name"], keywords["description"])  # each has them
        for _, *words in keywords.get("items", ()):
            yield from words


def _read(folder: Path) -> Iterator[ast.AST]:
    """The expressions that end before a person's eyes; what errors say is not among them."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield from _seen(node)


def _seen(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What a function shows, or answers in words, with what was put into a variable before."""
    shown = []
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            place = SAYS.get(ast.unparse(node.func).rpartition(".")[2], len(node.args))
            shown += node.args[place : place + 1]
            shown += [keyword.value for keyword in node.keywords if keyword.arg in SHOWN]
        elif isinstance(node, ast.Return) and node.value and _answers_words(function):
            shown.append(node.value)
    yield from shown
    names = {node.id for part in shown for node in ast.walk(part) if isinstance(node, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and names & {
            ast.unparse(target) for target in node.targets
        }:
            yield node.value


def _answers_words(function: ast.FunctionDef) -> bool:
    return function.returns is not None and ast.unparse(function.returns) == "str"


def _is_worded(text: str) -> bool:
    words = text.strip()
    return (" " in words or words[:1].isupper()) and any(map(str.islower, words))
