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

    def choose_file(self, name: str) -> Waiting:
        """In the file browser that has opened."""
        hand = self.hand
        yield 0.5
        yield from hand.push("directory", hand.region("UI", "FILE_BROWSER"))
        yield from hand.write(f"{self.folder}/")
        yield 0.1
        yield from hand.press("ESC")  # Enter has left the mouse in the field
        below = hand.region("EXECUTE", "FILE_BROWSER")
        yield from hand.click((below.width / 3, below.height / 2), below)
        yield from hand.write(name)
        yield 0.3
        self.picture("file browser")
        yield from hand.push("file.execute(", below, across=0.95)
        yield 0.3

    def place(self, thing: str, region: bpy.types.Region | None = None) -> tuple[int, int]:
        """Where in the viewport, or in another region, the middle of a thing is."""
        means = self.addon("point_cloud").read(self.splat.data.attributes["position"])
        middle = means[self.truth[thing]].mean(axis=0)
        return self.hand.place_of(self.splat.matrix_world @ Vector(middle), region)

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
    preferences.view.filebrowser_display_type = "SCREEN"  # in the window that is looked at
    bpy.ops.extensions.package_install_files(
        filepath=stage.arguments["extension"], repo="user_default", enable_on_install=True
    )
    chosen = stage.addon("preferences").preferences()
    chosen.engine_python, chosen.device = stage.arguments["engine_python"], "cpu"
    stage.hand.area().spaces.active.show_region_ui = True
    yield 0.5
    stage.hand.sidebar.active_panel_category = "SAGA"
    yield 0.2


def story_import(stage: Stage) -> Waiting:
    hand = stage.hand
    hand.move((300, 300))
    yield from hand.press("A")
    yield from hand.press("DEL")  # Blender's cube, camera and light
    yield 0.2
    assert not bpy.data.objects[:]
    yield from hand.push("import_scene.saga_splat(")
    yield from stage.choose_file("tabletop.ply")
    yield from until(lambda: "tabletop" in bpy.data.objects, 10)
    hand.move((300, 300))
    yield from hand.press("NUMPAD_PERIOD")
    yield 0.5
    yield from stage.at_rest()
    stage.picture("imported")
    assert len(stage.splat.data.points) == len(stage.truth["mug"])


def story_train(stage: Stage) -> Waiting:
    yield from stage.hand.push("saga.steps", across=0.6)
    yield from stage.hand.write("100")
    assert bpy.context.scene.saga.steps == 100
    yield from stage.hand.push("saga.train(")
    yield from until(lambda: stage.session.job and stage.session.job.progress)
    yield from until(lambda: stage.session.job.progress.stage == "Training", 60)
    yield 0.3
    stage.picture("training")
    yield from until(lambda: stage.session.job is None, 120)
    assert stage.session.notice.startswith("Trained"), stage.session.notice


def story_hover_shows_what_a_click_takes(stage: Stage) -> Waiting:
    yield from stage.hand.push('name="saga.select_tool"', across=0.15)
    stage.settings.scale = 0.7
    yield 0.2
    stage.hand.move(stage.place("mug"))
    yield from until(lambda: stage.overlay.preview)
    yield 0.3
    stage.picture("hover")
    assert not stage.selected.any()
    stage.hand.move((60, 60), stage.hand.sidebar)
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
    for _ in range(3):  # one step, and one for each rest on a slow machine
        if (stage.selected != mug).any():
            yield from stage.hand.press("Z", ctrl=True)
            yield 0.5
    assert (stage.selected == mug).all()


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


def story_decompose_and_the_list(stage: Stage) -> Waiting:
    hand = stage.hand
    yield from hand.push("saga.decompose(")
    yield from until(lambda: stage.session.job is None)
    assert stage.session.error is None, stage.session.error
    data, labels = stage.splat.data, stage.addon("splat_object").clusters(stage.splat.data)
    parts = [labels == row for row in range(len(data.saga.found))]
    for thing in ("mug", "teapot", "books"):
        assert max(iou(part, stage.truth[thing]) for part in parts) > 0.7, thing
    yield from stage.at_rest()
    yield from hand.push("saga.select_cluster(row=1)", across=0.655)
    yield from until(lambda: (stage.selected == parts[1]).all(), 10)
    yield from hand.push("saga.select_cluster(row=2)", across=0.655, shift=True)
    yield from until(lambda: (stage.selected == parts[1] | parts[2]).all(), 10)
    eye = yield from hand.find("found[1].shown", across=0.73)
    yield from hand.click(eye, hand.sidebar)
    yield from until(lambda: not data.saga.found[1].shown, 10)
    yield from hand.click((0.25 * hand.sidebar.width, eye[1]), hand.sidebar, ctrl=True)
    yield from hand.write("stand")
    yield from until(lambda: data.saga.found[1].name == "stand", 10)
    yield from stage.at_rest()
    stage.picture("decomposed")


def story_export(stage: Stage) -> Waiting:
    written = stage.folder / "exported.ply"
    written.unlink(missing_ok=True)
    yield from stage.hand.push("export_scene.saga_splat(")
    yield from stage.choose_file(written.name)
    yield from until(written.exists, 20)
    yield 0.3
    stage.picture("exported")
    assert written.read_bytes() == (stage.folder / "tabletop.ply").read_bytes()


def in_orthographic(stage: Stage) -> Waiting:
    stage.hand.area().spaces.active.region_3d.view_perspective = "ORTHO"
    yield 0.1
    return stage.hand, stage.hand.region()


def in_the_camera(stage: Stage) -> Waiting:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    view = stage.hand.area().spaces.active.region_3d
    view.view_perspective = "PERSP"
    with stage.hand.in_viewport():
        bpy.ops.view3d.camera_to_view()
    yield 0.1
    assert view.view_perspective == "CAMERA"
    return stage.hand, stage.hand.region()


def in_quad_view(stage: Stage) -> Waiting:
    stage.hand.area().spaces.active.region_3d.view_perspective = "PERSP"
    with stage.hand.in_viewport():
        bpy.ops.screen.region_quadview()
    yield 0.5
    regions = [r for r in stage.hand.area().regions if r.type == "WINDOW"]
    assert len(regions) == 4
    above = Vector((0, 0, -1))
    return stage.hand, next(r for r in regions if (r.data.view_rotation @ above).z < -0.99)


def in_a_second_window(stage: Stage) -> Waiting:
    with stage.hand.in_viewport():
        bpy.ops.screen.region_quadview()
        bpy.ops.wm.window_new()
    yield 1.0
    hand = Hand(window=1)
    return hand, hand.region()


def parented_and_unevenly_scaled(stage: Stage) -> Waiting:
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[1]):
        bpy.ops.wm.window_close()
    other = stage.splat.copy()  # a second splat, of the same data, beside the first
    other.location.x += 20
    parent = bpy.data.objects.new("Parent", None)
    parent.scale, parent.rotation_euler = (1.2, 0.8, 1.0), (0.1, 0.2, 0.5)
    for obj in (other, parent):
        bpy.context.collection.objects.link(obj)
    stage.splat.parent = parent
    yield 0.5
    return stage.hand, stage.hand.region()


def story_a_click_picks_what_is_under_it_in_any_view(stage: Stage) -> Waiting:
    stage.settings.scale, stage.settings.through = 0.7, False
    for row in stage.splat.data.saga.found:
        row.shown = True
    missed = []
    for change in (
        in_orthographic,
        in_the_camera,
        in_quad_view,
        in_a_second_window,
        parented_and_unevenly_scaled,
    ):
        hand, region = yield from change(stage)
        yield from stage.at_rest()
        hand.move((60, 60), region)
        yield from hand.press("ESC")
        yield from until(lambda: not stage.selected.any(), 10)
        yield from hand.click(stage.place("books", region), region)
        yield from stage.at_rest()
        stage.picture(change.__name__)
        if iou(stage.selected, stage.truth["books"]) < 0.6:
            missed.append(change.__name__)
    stage.splat.parent = None
    for name in ("tabletop.001", "Camera", "Parent"):
        bpy.data.objects.remove(bpy.data.objects[name])
    yield 0.3
    yield from stage.at_rest()
    assert not missed


def story_escape_clears_and_enter_splits(stage: Stage) -> Waiting:
    stage.hand.move((60, 60))
    yield from stage.hand.press("ESC")
    yield from until(lambda: not stage.selected.any(), 10)
    stage.settings.scale = 0.7
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    count, total = stage.selected.sum(), len(stage.selected)
    yield from stage.hand.press("RET")
    yield from until(lambda: len(stage.splat.data.points) == total - count, 10)
    part = bpy.context.object
    assert part.name.startswith("Object "), "it is called what it was found to be"
    assert len(part.data.points) == count
    part.location.z += 1.5
    yield from stage.at_rest()
    stage.picture("split")


def story_keys_can_be_changed(stage: Stage) -> Waiting:
    keymaps = bpy.context.window_manager.keyconfigs.user.keymaps
    tool = stage.addon("select_tool").SelectTool
    ours = next(k for k in keymaps if tool.bl_label in k.name)
    assert len(ours.keymap_items) == len(tool.bl_keymap)
    assert "saga.hover_end" in keymaps["Window"].keymap_items
    escape = next(item for item in ours.keymap_items if item.type == "ESC")
    ours.keymap_items.remove(escape)
    bpy.context.window_manager.keyconfigs.update()
    assert all(item.type != "ESC" for item in ours.keymap_items), "what is removed stays away"
    ours.restore_to_default()
    assert any(item.type == "ESC" for item in ours.keymap_items)
    area = stage.hand.area()
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "KEYMAP"
    area.spaces.active.filter_text = "SAGA"
    yield 1.0
    stage.picture("keymap")
    area.type = "VIEW_3D"
    yield 0.5


def story_in_german(stage: Stage) -> Waiting:
    view = bpy.context.preferences.view
    if "de_DE" not in bpy.app.translations.locales:
        return  # this Blender was built without other languages
    view.language, view.use_translate_interface, view.use_translate_tooltips = "de_DE", True, True
    yield 1.0
    stage.hand.move((60, 60), stage.hand.sidebar)
    yield from stage.hand.press("HOME")
    yield 0.5
    stage.picture("german")
    assert bpy.app.translations.pgettext_iface("Train SAGA") == "SAGA trainieren"
    view.language = "en_US"
    yield 0.3


def story_disabling_leaves_nothing(stage: Stage) -> Waiting:
    modules = [stage.addon(name) for name in ("drawing.overlay", "engine_session", "clicks")]
    drawing, session, clicks = modules
    bpy.ops.preferences.addon_disable(module=EXTENSION)
    yield 0.5
    timers = (drawing.redraw_pictures, session._drain, clicks._let_go)
    assert not any(map(bpy.app.timers.is_registered, timers))
    for name in dir(bpy.app.handlers):
        handlers = getattr(bpy.app.handlers, name)
        if isinstance(handlers, list):
            assert not [h for h in handlers if h.__module__.startswith(EXTENSION)], name
    assert drawing.overlay.handle is None and not drawing.overlay.views
    assert session.session._client is None
    keyconfigs = bpy.context.window_manager.keyconfigs
    left = {
        (config.name, keymap.name)
        for config in (keyconfigs.default, keyconfigs.addon)  # the user's own Blender keeps
        for keymap in config.keymaps
        for item in keymap.keymap_items
        if item.idname.startswith("saga.")
    }
    assert not left, left
    stage.picture("disabled")
