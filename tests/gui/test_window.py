"""The stories, as they ended in a real Blender window; pictures are in build/gui."""

import ast
from pathlib import Path

import pytest

TREE = ast.parse(Path(__file__).with_name("stories.py").read_text(encoding="utf-8"))
STORIES = [node.name for node in TREE.body if getattr(node, "name", "").startswith("story_")]


@pytest.mark.parametrize("story", STORIES)
def test_in_a_window(endings, story):
    assert endings.get(story, "Blender ended before") == ""
