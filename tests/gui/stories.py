"""What an artist does, in this order, each step on what the one before has left."""

import importlib
from pathlib import Path

import bpy
import numpy as np
from hand import Hand, Waiting, picture, until
from mathutils import Vector

EXTENSION = "bl_ext.user_default.saga_blender"


class Stage:
    """What the stories share: the hand, the scene and the truth about it."""

    def __init__(self, folder: Path, arguments: dict) -> None:
        self.folder = folder
        self.arguments = arguments
        self.hand = Hand()
        self.truth = np.load(folder / "truth.npz")  # which Gaussians make up a thing

    def addon(self, name: str):
        """A module of the installed extension."""
        return importlib.import_module(f"{EXTENSION}.saga_blender.{name}")

    @property
    def session(self):
        return self.addon("engine_session").session

    @property
    def settings(self):
        return bpy.context.workspace.saga

    @property
    def overlay(self):
        return self.addon("drawing.overlay").overlay

    @property
    def splat(self) -> bpy.types.Object:
        return bpy.data.objects["tabletop"]

    @property
    def selected(self) -> np.ndarray:
        return self.addon("splat_object").selection(self.splat.data)

    def picture(self, name: str) -> None:
        picture(self.folder / f"{name.replace('_', ' ')}.png")

    def close(self) -> None:
        self.session.close()

    def place(self, thing: str) -> tuple[int, int]:
        """Where in the viewport the middle of a thing is."""
        means = self.addon("point_cloud").read(self.splat.data.attributes["position"])
        middle = means[self.truth[thing]].mean(axis=0)
        return self.hand.place_of(self.splat.matrix_world @ Vector(middle))

    def box_around(self, thing: str) -> list[tuple[int, int]]:
        """Two opposite corners of what a thing covers in the viewport."""
        means = self.addon("point_cloud").read(self.splat.data.attributes["position"])
        some = means[self.truth[thing]][::20]
        places = [self.hand.place_of(self.splat.matrix_world @ Vector(mean)) for mean in some]
        return [tuple(map(extreme, zip(*places, strict=True))) for extreme in (min, max)]

    def at_rest(self) -> Waiting:
        """Wait for the engine's answers and for the finished picture."""
        yield 0.1
        yield from until(lambda: self.session.job is None)
        yield from until(
            lambda: all(view.shown and not view.behind for view in self.overlay.views.values())
        )
        yield 0.1


def names() -> list[str]:
    """The stories, in order."""
    return [name for name in globals() if name.startswith("story_")]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))


def story_install(stage: Stage) -> Waiting:
    preferences = bpy.context.preferences
    preferences.system.use_region_overlap = False  # the sidebar beside the viewport, not over it
    preferences.view.show_tooltips = False
    bpy.ops.extensions.package_install_files(
        filepath=stage.arguments["extension"], repo="user_default", enable_on_install=True
    )
    chosen = stage.addon("preferences").preferences()
    chosen.engine_python, chosen.device = stage.arguments["engine_python"], "cpu"
    stage.hand.area.spaces.active.show_region_ui = True
    yield 0.5
    stage.hand.region("UI").active_panel_category = "SAGA"
    yield 0.2


def story_import(stage: Stage) -> Waiting:
    for name in ("Cube", "Camera", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    with stage.hand.in_viewport():
        bpy.ops.import_scene.saga_splat(filepath=str(stage.folder / "tabletop.ply"))
        bpy.ops.view3d.view_selected()
        bpy.ops.ed.undo_push(message="Import")
    yield 0.5
    yield from stage.at_rest()
    stage.picture("imported")
    assert len(stage.splat.data.points) == len(stage.truth["mug"])


def story_train(stage: Stage) -> Waiting:
    bpy.context.scene.saga.steps = 100
    with stage.hand.in_viewport():
        assert bpy.ops.saga.train("INVOKE_DEFAULT") == {"INTERFACE"}
    yield from until(lambda: stage.session.job.progress is not None)
    yield from until(lambda: stage.session.job.progress.stage == "Training", 60)
    yield 0.3
    stage.picture("training")
    yield from until(lambda: stage.session.job is None, 120)
    assert stage.session.notice.startswith("Trained"), stage.session.notice


def story_hover_shows_what_a_click_takes(stage: Stage) -> Waiting:
    with stage.hand.in_viewport():
        bpy.ops.wm.tool_set_by_id(name="saga.select_tool")
    stage.settings.scale = 0.7
    yield 0.2
    stage.hand.move(stage.place("mug"))
    yield from until(lambda: stage.overlay.preview)
    yield 0.3
    stage.picture("hover")
    assert not stage.selected.any()
    stage.hand.move((60, 60), "UI")
    yield from until(lambda: not stage.overlay.preview)


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
    mug = stage.selected
    for _ in range(6):
        yield from stage.hand.press("WHEELUPMOUSE", alt=True)
    assert round(stage.settings.scale, 2) == 1.0
    yield from until(lambda: stage.selected.sum() > mug.sum())
    yield from stage.at_rest()
    stage.picture("wheel")
    yield from stage.hand.press("Z", ctrl=True)
    yield 0.3
    assert (stage.selected == mug).all(), "one step to undo"


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
    yield from stage.hand.drag([(x - 20, y - 10), (x, y), (x + 10, y + 10)], False, shift=True)
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


def story_escape_clears_and_enter_splits(stage: Stage) -> Waiting:
    yield from stage.hand.press("ESC")
    yield 0.2
    assert not stage.selected.any()
    stage.settings.scale = 0.7
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    count, total = stage.selected.sum(), len(stage.selected)
    yield from stage.hand.press("RET")
    yield 0.5
    part = bpy.context.object
    assert len(part.data.points) == count and len(stage.splat.data.points) == total - count
    part.location.z += 1.5
    yield from stage.at_rest()
    stage.picture("split")
