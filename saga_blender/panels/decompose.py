"""Finding all things at once, and the list of what was found."""

import bpy

from ..operators.clusters import MergeClusters, SelectCluster, SplitCluster
from ..operators.decompose import Decompose
from ..operators.split_clusters import SplitClusters
from ..splat_object import is_splat, tree_of
from .parts import SubPanel, button

_INDENT = 0.6  # widths of an icon, for each level


class FoundList(bpy.types.UIList):
    """What was found, each followed by its parts"""

    bl_idname = "VIEW3D_UL_saga_found"

    def draw_item(self, _context, layout, data, item, _icon, _active_data, _property, index):
        row = layout.row(align=True)
        row.separator(factor=_INDENT * _depth(data.found, item))
        swatch = row.row()
        swatch.ui_units_x = 0.8
        swatch.prop(item, "color", text="")
        row.prop(item, "name", text="", emboss=False)
        count = row.row()
        count.alignment = "RIGHT"
        count.label(text=f"{item.count:,}")
        row.operator(
            SelectCluster.bl_idname, text="", icon="RESTRICT_SELECT_OFF", emboss=False
        ).row = index
        eye = "HIDE_OFF" if item.shown else "HIDE_ON"
        row.prop(item, "shown", text="", icon=eye, emboss=False)

    def filter_items(self, _context, data, _property):
        rows = [k for k, _ in tree_of(data.id_data).depth_first()]
        order = [0] * len(data.found)
        for place, k in enumerate(rows):
            if k < len(order):
                order[k] = place
        flags = bpy.types.UI_UL_list.filter_items_by_name(
            self.filter_name, self.bitflag_filter_item, data.found
        )
        return flags, order


def _depth(rows, item) -> int:
    depth = 0
    while item.parent >= 0:
        item, depth = rows[item.parent], depth + 1
    return depth


class DecomposePanel(SubPanel, bpy.types.Panel):
    """Finding all things at once"""

    bl_idname = "VIEW3D_PT_saga_decompose"
    bl_label = "Decompose Scene"

    def draw(self, context):
        layout, settings = self.layout, context.scene.saga
        layout.prop(settings, "cluster_scale", slider=True)
        layout.prop(settings, "levels")
        layout.prop(settings, "part_scale", slider=True)
        decompose = button(layout, context, Decompose, icon="OUTLINER_OB_POINTCLOUD")
        decompose.scale, decompose.part_scale = settings.cluster_scale, settings.part_scale
        decompose.levels = settings.levels
        if is_splat(context.object) and context.object.data.saga.found:
            saga = context.object.data.saga
            layout.template_list(FoundList.bl_idname, "", saga, "found", saga, "active")
            row = layout.row(align=True)
            row.operator(MergeClusters.bl_idname, icon="AUTOMERGE_ON")
            row.operator(SplitCluster.bl_idname, icon="MOD_EXPLODE").scale = settings.part_scale
        button(layout, context, SplitClusters, icon="OUTLINER_COLLECTION")
