"""Named selections: kept with the splat, each as a point attribute of its own."""

import bpy
import numpy as np
from bpy.props import StringProperty

from .. import point_cloud
from ..splat_object import NAMED, change_selection, named_selections, selection
from ..translations import said
from .explained import Explained, why_not_edit
from .selecting import CombinedByKeys, tell_count


def _name_property() -> StringProperty:
    return StringProperty(
        name="Name", description="What the selection is called", default="Selection", maxlen=50
    )


class StoreSelection(Explained, bpy.types.Operator):
    """Keep the selection under a name. It is saved with the file, and follows splits and joins"""

    bl_idname = "saga.store_selection"
    bl_label = "Store Selection"
    bl_options = {"REGISTER", "UNDO"}

    name: _name_property()

    @classmethod
    def obstacle(cls, context) -> str:
        if obstacle := why_not_edit(context.object):
            return obstacle
        return "" if selection(context.object.data).any() else "Nothing is selected"

    def invoke(self, context, _event):
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context):
        data = context.object.data
        if not self.name.strip():
            self.report({"ERROR"}, "Give the selection a name")
            return {"CANCELLED"}
        point_cloud.write(data, NAMED + self.name.strip(), "BOOLEAN", selection(data))
        return {"FINISHED"}


class RecallSelection(CombinedByKeys, Explained, bpy.types.Operator):
    """Select what was kept. Shift adds it, Ctrl takes it away, both keep only what is in it"""

    bl_idname = "saga.recall_selection"
    bl_label = "Recall Selection"
    bl_options = {"REGISTER", "UNDO"}

    name: _name_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_edit(context.object)

    def execute(self, context):
        data = context.object.data
        if self.name not in named_selections(data):
            self.report({"ERROR"}, said('There is no selection called "{name}"', name=self.name))
            return {"CANCELLED"}
        none = np.zeros(len(data.points), bool)
        found = point_cloud.read_or(data, NAMED + self.name, none)
        change_selection(data, found, self.operation)
        tell_count(self, data)
        return {"FINISHED"}


class ForgetSelection(Explained, bpy.types.Operator):
    """Keep the selection of this name no longer; no Gaussian is deleted"""

    bl_idname = "saga.forget_selection"
    bl_label = "Forget Selection"
    bl_options = {"REGISTER", "UNDO"}

    name: _name_property()

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_edit(context.object)

    def execute(self, context):
        point_cloud.remove(context.object.data, NAMED + self.name)
        return {"FINISHED"}
