"""Learning what belongs together."""

import bpy

from ..operators.fetch import FetchWeights
from ..operators.train import Train
from ..operators.views import AddView, ForgetViews
from .parts import SubPanel, button


class TrainPanel(SubPanel, bpy.types.Panel):
    """Learning what belongs together"""

    bl_idname = "VIEW3D_PT_saga_train"
    bl_label = "Train SAGA"

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        settings = context.scene.saga
        for name in ("views", "masks", "sam_checkpoint", "recipe", "steps", "max_views"):
            layout.prop(settings, name)
            if name == "sam_checkpoint" and not (settings.sam_checkpoint or settings.masks):
                layout.operator_menu_enum(FetchWeights.bl_idname, "weights", icon="IMPORT")
        row = layout.row(align=True)
        row.operator(AddView.bl_idname, icon="ADD")
        row.operator(ForgetViews.bl_idname, text="", icon="X")
        button(layout, context, Train, icon="PLAY")
