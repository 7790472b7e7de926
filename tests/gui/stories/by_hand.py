"""Gaussians are taken by where they are."""

import bpy
from hand import Waiting
from stage import Stage


def story_box_and_brush(stage: Stage) -> Waiting:
    yield from stage.hand.press("ESC")
    with stage.hand.in_viewport():
        bpy.ops.wm.tool_set_by_id(name="saga.box_tool")
    x, y = stage.place("books")
    corner, opposite = (x - 90, y - 70), (x + 80, y + 60)
    yield from stage.hand.drag([corner, (x, y), opposite], let_go=False)
    stage.picture("box")
    yield from stage.hand.let_go()
    yield from stage.at_rest()
    seen, books = stage.selected, stage.truth["books"]
    assert 0.3 < (seen & books).sum() / books.sum() < 1, "some of the books are not seen"
    stage.settings.through = True
    yield from stage.hand.drag([corner, opposite])
    yield from stage.at_rest()
    assert (stage.selected & books).sum() / books.sum() > 0.95
    assert not (seen & ~stage.selected).any()

    with stage.hand.in_viewport():
        bpy.ops.wm.tool_set_by_id(name="saga.brush_tool")
    stage.settings.radius = 30
    yield from stage.hand.drag([(x - 60, y), (x, y), (x + 60, y + 20)], let_go=False, ctrl=True)
    stage.picture("brush")
    yield from stage.hand.let_go()
    yield from stage.at_rest()
    assert 0.1 < (stage.selected & books).sum() / books.sum() < 0.9
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.3
    assert (stage.selected & books).sum() / books.sum() > 0.95, "one step to undo"
    with stage.hand.in_viewport():
        bpy.ops.wm.tool_set_by_id(name="saga.select_tool")
