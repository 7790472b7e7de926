"""Learning what belongs together."""

import bpy

from ..operators.train import Train
from .parts import SubPanel, button


class TrainPanel(SubPanel, bpy.types.Panel):
    """Learning what belongs together"""

    bl_idname = "VIEW3D_PT_saga_train"
    bl_label = "Train SAGA"

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        for name in ("views", "masks", "sam_checkpoint", "recipe", "steps"):
            layout.prop(context.scene.saga, name)
        button(layout, context, Train, icon="PLAY")
