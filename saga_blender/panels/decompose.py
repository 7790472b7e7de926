"""Finding all things at once."""

import bpy

from ..operators.decompose import Decompose
from ..operators.split_clusters import SplitClusters
from .parts import SubPanel, button


class DecomposePanel(SubPanel, bpy.types.Panel):
    """Finding all things at once"""

    bl_idname = "VIEW3D_PT_saga_decompose"
    bl_label = "Decompose Scene"

    def draw(self, context):
        settings = context.scene.saga
        self.layout.prop(settings, "cluster_scale", slider=True)
        button(
            self.layout, context, Decompose, icon="OUTLINER_OB_POINTCLOUD"
        ).scale = settings.cluster_scale
        button(self.layout, context, SplitClusters, icon="OUTLINER_COLLECTION")
