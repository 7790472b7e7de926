"""A box and a brush by hand: what they colour while they are drawn, and what they refuse."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest


@pytest.fixture
def row(addon, ply, tmp_path):
    """Nine Gaussians, ten pixels from each other along a row of the screen."""
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    ones = np.ones(9, np.float32)
    pixels = np.stack([10 * np.arange(9), 0 * ones], axis=1).astype(np.float32)
    return addon("saga_blender.on_screen").OnScreen(pixels, ones, ones)


def test_the_brush_colours_all_that_it_has_covered_so_far(addon, row):
    overlay = addon("saga_blender.drawing.overlay").overlay
    cover = addon("saga_blender.operators.by_hand").SelectBrush.cover
    nothing = np.zeros(9, bool)
    brush = SimpleNamespace(_obj=bpy.context.object, _screen=row, radius=5, covered=nothing)
    shown = []
    for start, end in ((0, 10), (10, 30)):
        cover(brush, (start, 0), (end, 0))
        shown.append(overlay.preview)
    assert [preview.chosen.sum() for preview in shown] == [2, 4]
    assert shown[0] is not shown[1], (
        "what is on the graphics card of the first is not of the second"
    )
    overlay.end_preview()


@pytest.mark.parametrize("name", ["select_box", "select_brush"])
def test_without_a_path_nothing_was_drawn(addon, row, name):
    (area,) = [a for a in bpy.context.screen.areas if a.type == "VIEW_3D"]
    (region,) = [r for r in area.regions if r.type == "WINDOW"]
    with (
        bpy.context.temp_override(area=area, region=region),
        pytest.raises(RuntimeError, match="Nothing was drawn: hold"),
    ):
        getattr(bpy.ops.saga, name)()
