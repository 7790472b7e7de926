"""The add-on: splats as Blender objects, and the buttons that ask the engine about them."""

import atexit

import bpy

from . import held, keymaps, panels, translations
from .clicks import clicking
from .drawing.overlay import overlay
from .engine import session as engine_session
from .engine import warming
from .found_objects import FoundObject, FoundObjects
from .operators import (
    apply_transform,
    by_hand,
    clusters,
    decompose,
    export_splat,
    fetch,
    find,
    hover,
    import_splat,
    install,
    join,
    named_selection,
    relink,
    scale,
    select,
    select_by,
    select_by_drag,
    selection,
    split,
    split_clusters,
    train,
    views,
)
from .panels.preferences import SagaPreferences
from .properties import SagaSettings, SelectSettings
from .select_tool import TOOLS

CLASSES = (
    SagaPreferences,
    SagaSettings,
    SelectSettings,
    FoundObject,
    FoundObjects,
    install.InstallEngine,
    install.CancelInstall,
    install.RemoveEngine,
    import_splat.ImportSplat,
    import_splat.SplatFileHandler,
    relink.Relink,
    export_splat.ExportSplat,
    fetch.FetchWeights,
    train.Train,
    train.TakeOffer,
    train.Cancel,
    held.Held,
    hover.Hover,
    hover.HoverEnd,
    views.AddView,
    views.ForgetViews,
    select.Select,
    select.Point,
    select_by_drag.BoxAround,
    select_by_drag.ScribbleOver,
    by_hand.SelectBox,
    by_hand.SelectBrush,
    scale.StepScale,
    scale.NudgeScale,
    selection.Selection,
    select_by.SelectBy,
    named_selection.StoreSelection,
    named_selection.RecallSelection,
    named_selection.ForgetSelection,
    decompose.Decompose,
    find.Find,
    find.SelectFound,
    clusters.SelectCluster,
    clusters.MergeClusters,
    clusters.SplitCluster,
    split.Split,
    split_clusters.SplitClusters,
    join.Join,
    apply_transform.ApplyTransform,
    *panels.CLASSES,
)


def register() -> None:
    """Called by Blender when the extension is enabled."""
    translations.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.saga = bpy.props.PointerProperty(type=SagaSettings)
    bpy.types.WorkSpace.saga = bpy.props.PointerProperty(type=SelectSettings)
    bpy.types.PointCloud.saga = bpy.props.PointerProperty(type=FoundObjects)
    bpy.types.TOPBAR_MT_file_import.append(import_splat.draw_menu)
    bpy.types.TOPBAR_MT_file_export.append(export_splat.draw_menu)
    bpy.types.STATUSBAR_HT_header.append(panels.draw_status)
    after = "builtin.select_lasso"
    for tool in TOOLS:
        bpy.utils.register_tool(tool, after={after}, separator=tool is TOOLS[0])
        after = tool.bl_idname
    keymaps.register()
    overlay.register()
    engine_session.register()
    warming.register()
    atexit.register(engine_session.session.end)  # Blender does not call unregister() when it quits


def unregister() -> None:
    """Called by Blender when the extension is disabled; leaves nothing behind."""
    atexit.unregister(engine_session.session.end)
    engine_session.session.close()
    warming.unregister()
    install.unregister()
    clicking.forget()
    engine_session.unregister()
    overlay.unregister()
    keymaps.unregister()
    for tool in reversed(TOOLS):
        bpy.utils.unregister_tool(tool)
    bpy.types.STATUSBAR_HT_header.remove(panels.draw_status)
    bpy.types.TOPBAR_MT_file_export.remove(export_splat.draw_menu)
    bpy.types.TOPBAR_MT_file_import.remove(import_splat.draw_menu)
    del bpy.types.WorkSpace.saga
    del bpy.types.PointCloud.saga
    del bpy.types.Scene.saga
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    translations.unregister()
