"""Things are pointed at: hovered, clicked, boxed; the sliders and keys say how large they are."""

import numpy as np
from hand import Waiting, until
from stage import Stage, iou


def story_hover_shows_what_a_click_takes(stage: Stage) -> Waiting:
    yield from stage.hand.push('name="saga.select_tool"', across=0.15)
    yield 0.2
    stage.hand.move(stage.place("mug"))
    yield from until(lambda: stage.overlay.preview)
    yield 0.3
    stage.picture("hover")
    assert not stage.selected.any()
    shown, (x, y) = stage.overlay.preview, stage.place("mug")
    stage.hand.move((x + 1, y + 1))
    yield 0.5
    assert stage.overlay.preview is shown, "on the same thing nothing is drawn anew"
    stage.hand.move((30, stage.hand.region().height - 120))  # nothing is there
    yield from until(lambda: not stage.overlay.preview, 10)
    stage.hand.move(stage.place("mug"))
    yield from until(lambda: stage.overlay.preview)
    stage.hand.move((60, 60), stage.hand.sidebar)
    yield from until(lambda: not stage.overlay.preview, 10)


def story_click(stage: Stage) -> Waiting:
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    stage.picture("clicked")
    assert iou(stage.selected, stage.truth["mug"]) > 0.7, stage.session.notice


def story_shift_click_adds(stage: Stage) -> Waiting:
    before = stage.selected
    yield from stage.hand.click(stage.place("bottle"), shift=True)
    yield from stage.at_rest()
    stage.picture("added")
    assert (stage.selected & before).sum() == before.sum()
    assert iou(stage.selected & ~before, stage.truth["bottle"]) > 0.7


def story_ctrl_click_takes_away_what_was_just_added(stage: Stage) -> Waiting:
    both = stage.selected
    x, y = stage.place("bottle")
    yield from stage.hand.click((x + 3, y - 6), ctrl=True)
    yield from stage.at_rest()
    stage.picture("taken away")
    left, bottle = stage.selected, stage.truth["bottle"]
    assert (left & bottle).sum() < 0.15 * (both & bottle).sum()
    assert iou(left, stage.truth["mug"]) > 0.7
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.3
    assert (stage.selected == both).all(), "one step to undo"


def story_undo_and_redo(stage: Stage) -> Waiting:
    both = stage.selected
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.3
    assert iou(stage.selected, stage.truth["mug"]) > 0.7
    yield from stage.hand.press("Z", ctrl=True, shift=True)
    yield 0.3
    assert (stage.selected == both).all()
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.3


def story_wheel_changes_scale(stage: Stage) -> Waiting:
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    mug, found = stage.selected, stage.addon("clicks").clicking.standing().scale
    yield from stage.hand.press("WHEELUPMOUSE", alt=True)
    assert abs(stage.settings.scale - found - 0.05) < 0.006, "goes on from the automatic scale"
    assert not stage.settings.automatic
    for _ in range(20):
        yield from stage.hand.press("WHEELUPMOUSE", alt=True)
    assert stage.settings.scale == 1.0
    yield from until(lambda: stage.selected.sum() > mug.sum())
    yield from stage.at_rest()
    stage.picture("wheel")
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.3
    assert (stage.selected == mug).all(), "one step to undo"


def story_the_scale_is_dragged(stage: Stage) -> Waiting:
    stage.settings.scale = 0.4
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    mug, client = stage.selected, stage.session.connected()
    x, y = yield from stage.hand.find("saga.scale")
    yield from stage.hand.drag([(x, y)], stage.hand.sidebar, let_go=False)
    shown, most = [], 0
    for step in range(40):
        stage.hand.move((x + 4 * step, y), stage.hand.sidebar)
        yield 0.02
        if step == 20:
            yield 1.0  # the hand rests, the button is held
        most = max(most, len(client._pending))
        if stage.overlay.preview and stage.overlay.preview.chosen.sum() not in shown:
            shown.append(stage.overlay.preview.chosen.sum())
    assert most == 1, f"{most} questions at once"
    assert len(shown) > 1, "nothing was seen to follow"
    stage.picture("scale dragged")
    yield from stage.hand.let_go()
    assert stage.settings.scale > 0.9
    yield from until(lambda: stage.selected.sum() > mug.sum())
    yield from stage.at_rest()
    assert stage.addon("clicks").clicking.standing().scale == np.float32(stage.settings.scale)
    stage.hand.move((300, 300))
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.5
    assert (stage.selected == mug).all(), "one step to undo, however long it was dragged"


def story_brackets(stage: Stage) -> Waiting:
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    counts = [stage.selected.sum()]
    for key in ("LEFT_BRACKET", "RIGHT_BRACKET"):
        yield from stage.hand.press(key)
        yield 0.2
        yield from stage.at_rest()
        counts.append(stage.selected.sum())
    assert counts[1] <= counts[0] and counts[2] >= counts[1], counts
    yield from stage.hand.press("LEFT_BRACKET")
    yield from stage.hand.press("ESC")  # before the answer
    yield from stage.at_rest()
    assert not stage.selected.any()


def story_a_box_around_a_thing_and_a_stroke_over_it(stage: Stage) -> Waiting:
    yield from stage.hand.press("ESC")
    corner, opposite = stage.box_around("books")
    middle = ((corner[0] + opposite[0]) // 2, (corner[1] + opposite[1]) // 2)
    for last in ("ESC", "LEFTMOUSE"):
        stage.overlay.end_preview()
        yield from stage.hand.drag([corner, middle, opposite], let_go=False)
        yield from until(lambda: stage.overlay.preview)
        yield from stage.at_rest()
        stage.picture("box around")
        assert not stage.selected.any()
        yield from stage.hand.press(last) if last == "ESC" else stage.hand.let_go()
        yield from stage.at_rest()
        assert stage.selected.any() == (last == "LEFTMOUSE")
    yield from stage.hand.let_go()
    assert iou(stage.selected, stage.truth["books"]) > 0.7, stage.session.notice
    books, stage.settings.drag = stage.selected, "SCRIBBLE"
    x, y = stage.place("mug")
    yield from stage.hand.drag(
        [(x - 20, y - 10), (x, y), (x + 10, y + 10)], let_go=False, shift=True
    )
    yield from stage.at_rest()
    stage.picture("stroke over")
    yield from stage.hand.let_go()
    yield from stage.at_rest()
    assert (stage.selected & books).sum() == books.sum() < stage.selected.sum()
    for before in (books, np.zeros_like(books)):
        yield from stage.hand.press("Z", ctrl=True)
        yield 0.3
        assert (stage.selected == before).all(), "one step to undo"
    stage.settings.drag, stage.settings.scale = "BOX", 0.7
