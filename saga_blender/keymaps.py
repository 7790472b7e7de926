"""Keys and moves of the mouse that count outside of the tools, which have keymaps of their own."""

import bpy

from .operators.hover import HoverEnd

_WINDOW = ("Window", "EMPTY", "WINDOW")  # what no editor has taken


def register() -> None:
    """Shown, and changed, in the preferences; nothing without a window."""
    config = bpy.context.window_manager.keyconfigs.addon
    if config is not None:
        name, space, region = _WINDOW
        keymap = config.keymaps.new(name, space_type=space, region_type=region)
        keymap.keymap_items.new(HoverEnd.bl_idname, "MOUSEMOVE", "ANY")


def unregister() -> None:
    """Leave nothing behind."""
    config = bpy.context.window_manager.keyconfigs.addon
    keymap = config and config.keymaps.get(_WINDOW[0])
    if keymap is None:
        return
    for item in [item for item in keymap.keymap_items if item.idname == HoverEnd.bl_idname]:
        keymap.keymap_items.remove(item)
    if not keymap.keymap_items:
        config.keymaps.remove(keymap)
