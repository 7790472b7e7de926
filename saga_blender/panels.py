"""The sidebar's SAGA tab, in the order of the work."""

import bpy
import numpy as np

from .engine_session import session
from .operators.decompose import Decompose
from .operators.export_splat import ExportSplat
from .operators.import_splat import ImportSplat
from .operators.selection import Selection
from .operators.split import Split
from .operators.split_clusters import SplitClusters
from .operators.train import Cancel, Train
from .preferences import EXTENSION, preferences
from .select_tool import SelectTool
from .splat_object import SOURCE, TOTAL, is_splat, selection


class _Sidebar:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "SAGA"


class ScenePanel(_Sidebar, bpy.types.Panel):
    """The splat that is worked on"""

    bl_idname = "VIEW3D_PT_saga_scene"
    bl_label = "Scene"

    def draw(self, context):
        layout = self.layout
        layout.operator(ImportSplat.bl_idname, icon="IMPORT")
        layout.prop(context.scene.saga, "show_splats")
        obj = context.object
        if not is_splat(obj):
            layout.label(text="Import or select a Gaussian splat", icon="INFO")
            return
        layout.label(text=f"{obj.name}: {len(obj.data.points):,} Gaussians", icon="POINTCLOUD_DATA")
        if SOURCE in obj.data:
            layout.label(text=f"of {obj.data[TOTAL]:,} in {bpy.path.basename(obj.data[SOURCE])}")


class TrainPanel(_Sidebar, bpy.types.Panel):
    """Learning what belongs together"""

    bl_idname = "VIEW3D_PT_saga_train"
    bl_label = "Train SAGA"

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        if not preferences().engine_python:
            row = layout.row()
            row.alert = True
            row.operator(
                "preferences.addon_show", text="Choose the Engine's Python"
            ).module = EXTENSION
        settings = context.scene.saga
        for name in ("views", "masks", "sam_checkpoint", "recipe", "steps"):
            layout.prop(settings, name)
        layout.operator(Train.bl_idname, icon="PLAY")
        _draw_engine(layout)


def _draw_engine(layout: bpy.types.UILayout) -> None:
    """What the engine is doing, and how its last work ended."""
    if session.job is None:
        if session.notice:
            layout.label(text=session.notice)
        return
    progress = session.job.progress
    if progress is None:
        layout.progress(text=f"{session.job.label} ...", factor=0.0)
    else:
        eta = f", {progress.eta_s:.0f} s left" if progress.eta_s >= 0 else ""
        layout.progress(text=progress.stage + eta, factor=progress.fraction)
        layout.label(text=progress.detail)
    layout.operator(Cancel.bl_idname, icon="CANCEL")


class SelectPanel(_Sidebar, bpy.types.Panel):
    """Pointing at the thing that is wanted"""

    bl_idname = "VIEW3D_PT_saga_select"
    bl_label = "Select"

    def draw(self, context):
        layout = self.layout
        layout.operator(
            "wm.tool_set_by_id", text="Click to Select", icon="RESTRICT_SELECT_OFF"
        ).name = SelectTool.bl_idname
        settings = context.scene.saga
        layout.prop(settings, "automatic")
        row = layout.row()
        row.enabled = not settings.automatic
        row.prop(settings, "scale", slider=True)
        layout.prop(settings, "threshold", slider=True)
        layout.prop(settings, "connected")
        if is_splat(context.object):
            count = np.count_nonzero(selection(context.object.data))
            layout.label(text=f"{count:,} Gaussians selected")
        layout.operator_menu_enum(Selection.bl_idname, "mode")


class DecomposePanel(_Sidebar, bpy.types.Panel):
    """Finding all things at once"""

    bl_idname = "VIEW3D_PT_saga_decompose"
    bl_label = "Decompose"

    def draw(self, context):
        settings = context.scene.saga
        self.layout.prop(settings, "cluster_scale", slider=True)
        self.layout.operator(
            Decompose.bl_idname, icon="OUTLINER_OB_POINTCLOUD"
        ).scale = settings.cluster_scale
        self.layout.operator(SplitClusters.bl_idname, icon="OUTLINER_COLLECTION")


class SplitPanel(_Sidebar, bpy.types.Panel):
    """Taking the selected thing out"""

    bl_idname = "VIEW3D_PT_saga_split"
    bl_label = "Split and Export"

    def draw(self, _context):
        self.layout.operator(Split.bl_idname, icon="MOD_EXPLODE")
        self.layout.operator(ExportSplat.bl_idname, icon="EXPORT")
