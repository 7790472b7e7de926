"""Fetching the weights that masks are made with."""

import bpy
from bpy.props import EnumProperty

from ...backend import protocol
from ...backend.weights.catalog import CATALOG
from ..engine_place import is_elsewhere, weights_folder
from ..engine_session import session
from .engine_request import EngineRequest
from .explained import Explained


class FetchWeights(Explained, EngineRequest, bpy.types.Operator):
    """Download weights that masks are made with, or take them where they are already here"""

    bl_idname = "saga.fetch_weights"
    bl_label = "Fetch Weights"
    bl_options = {"REGISTER"}

    weights: EnumProperty(
        name="Weights",
        description="Which model is to make the masks",
        items=[
            (name, f"{weights.title} ({weights.megabytes})", weights.about.capitalize())
            for name, weights in CATALOG.items()
        ],
    )

    @classmethod
    def obstacle(cls, _context) -> str:
        if session.job is not None:
            return "Wait until the engine is done"
        if not bpy.app.online_access:
            return "Allow Online Access first (Preferences > System), or choose a file"
        return ""

    def invoke(self, context, _event):
        return context.window_manager.invoke_props_dialog(
            self, width=500, title="Fetch weights?", confirm_text="Fetch"
        )

    def draw(self, _context):
        chosen = CATALOG[self.weights]
        self.layout.prop(self, "weights", expand=True)
        column = self.layout.column(align=True)
        column.label(text=f"{chosen.megabytes} from {chosen.host}, to be kept in")
        there = " of the engine's own folder, on its computer" if is_elsewhere() else ""
        column.label(text=f"{weights_folder()}{there}")

    def execute(self, context):
        scene = context.scene.name

        def fetched(reply: protocol.Fetched) -> str:
            if scene in bpy.data.scenes:  # it may be gone by now
                bpy.data.scenes[scene].saga.sam_checkpoint = reply.path
            return f"The weights are in {reply.path}."

        return self.ask(protocol.Fetch(self.weights, str(weights_folder())), fetched)
