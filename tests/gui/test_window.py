"""The stories, as they ended in a real Blender window; pictures are in build/gui."""

import pytest
import stories


@pytest.mark.parametrize("story", [name for _, name in stories.told()])
def test_in_a_window(endings, story):
    assert endings.get(story, "Blender ended before") == ""
