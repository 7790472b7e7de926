"""Blender around it: its keys, its language, and when the add-on is switched off."""

import bpy
from hand import Waiting, until
from stage import EXTENSION, Stage


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


def story_a_preview_ends_in_another_workspace(stage: Stage) -> Waiting:
    stage.overlay.show_preview(stage.splat, stage.selected)
    stage.hand.window.workspace = bpy.data.workspaces["Modeling"]  # where no tool was used yet
    yield 1.0
    stage.hand.move((100, 100))
    yield from until(lambda: not stage.overlay.preview, 10)
    stage.hand.window.workspace = bpy.data.workspaces["Layout"]
    yield 1.0


def story_an_error_shows_in_the_preferences(stage: Stage) -> Waiting:
    chosen = stage.addon("preferences").preferences()
    python = chosen.engine_python
    chosen.engine_python = "/no/such/python"
    with stage.hand.in_viewport():
        bpy.ops.preferences.addon_show(module=EXTENSION)  # in a window of its own
    yield 1.0
    bpy.context.view_layer.objects.active = stage.splat
    bpy.ops.saga.decompose("INVOKE_DEFAULT")
    yield from until(lambda: stage.session.error, 20)
    yield 0.5
    stage.picture("preferences")
    assert "could not be started" in stage.session.error.message
    chosen.engine_python = python
    assert stage.session.error is None, "another engine has done nothing wrong yet"
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[1]):
        bpy.ops.wm.window_close()
    yield 0.3


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
    for _ in range(2):
        yield from stage.hand.press("PAGE_DOWN")
        yield 0.5
    stage.picture("german below")
    said = bpy.app.translations.pgettext_iface
    assert said("Train SAGA") == "SAGA trainieren"
    assert said("Split", "SAGA") == "Abtrennen", "not Blender's own word for it"
    view.language = "en_US"
    yield 0.3


def story_disabling_leaves_nothing(stage: Stage) -> Waiting:
    modules = [stage.addon(name) for name in ("drawing.overlay", "engine.session", "clicks")]
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
