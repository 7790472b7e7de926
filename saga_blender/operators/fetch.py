"""Fetching the weights that masks are made with."""

import bpy
from bpy.props import EnumProperty

from ...backend import protocol
from ...backend.weights.catalog import CATALOG
from ..engine.job import Unchanged
from ..engine.place import is_elsewhere, weights_folder
from ..engine.session import session
from ..translations import said
from .engine_request import EngineRequest
from .explained import Explained


class FetchWeights(Explained, EngineRequest, bpy.types.Operator):
    """Download weights that masks are made with, or take them where they are already here"""

    bl_idname = "saga.fetch_weights"
    bl_label = "Fetch Weights"
    bl_options = {"REGISTER", "UNDO"}

    weights: EnumProperty(
        name="Weights",
        description="Which model is to make the masks",
        items=[
            (
                name,
                f"{weights.title} ({weights.megabytes})",
                weights.about[0].upper() + weights.about[1:],
            )
            for name, weights in CATALOG.items()
        ],
    )

    @classmethod
    def obstacle(cls, _context) -> str:
        if session.occupied:
            return session.occupied
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
        sentence = "{size} from {host}, to be kept in"
        if is_elsewhere():
            sentence = "{size} from {host}, to be kept in the engine's own folder there:"
        column.label(text=said(sentence, size=chosen.megabytes, host=chosen.host))
        column.label(text=str(weights_folder()))

    def execute(self, context):
        uid = context.scene.session_uid  # it may be renamed or gone before the answer comes

        def fetched(reply: protocol.Fetched) -> str:
            told = said("The weights are in {path}.", path=reply.path)
            scene = next((s for s in bpy.data.scenes if s.session_uid == uid), None)
            if scene is None:
                return Unchanged(told)
            scene.saga.sam_checkpoint = reply.path
            return told

        return self.ask(protocol.Fetch(self.weights, str(weights_folder())), fetched)
