"""Finding by name."""

import bpy

from ..found import counts_of, stored_hits
from ..operators.find import Find, SelectFound
from ..splat_object import is_splat
from ..translations import said
from .parts import SubPanel, write


class FindPanel(SubPanel, bpy.types.Panel):
    """Finding things by what they are called"""

    bl_idname = "VIEW3D_PT_saga_find"
    bl_label = "Find by Name"

    def draw(self, context):
        layout, settings = self.layout, context.scene.saga
        layout.prop(settings, "text_model", text="Model")
        row = layout.row()
        obstacle = Find.obstacle(context)
        row.enabled = not obstacle
        row.prop(settings, "find_text", text="")
        again = row.operator(Find.bl_idname, text="", icon="VIEWZOOM")
        again.text, again.floor = settings.find_text, settings.find_floor
        layout.prop(settings, "find_floor", slider=True)
        if obstacle:
            write(layout, context, obstacle, icon="INFO")
        hits = stored_hits(context.object.data) if is_splat(context.object) else None
        if hits is None:
            return
        counts = counts_of(context.object.data)
        if not hits.scores:
            sentence = 'Nothing like "{text}" was found: try other words, or a lower floor'
            nothing = said(sentence, text=hits.text)
            write(layout, context, nothing, icon="INFO")
        elif not any(counts):
            write(layout, context, "What was found is in other objects now", icon="INFO")
        column = layout.column(align=True)
        for k, (score, count) in enumerate(zip(hits.scores, counts, strict=True)):
            if count:
                thing = said("{name}: {count:,} Gaussians", name=hits.text, count=count)
                text, icon = f"{score:.2f}  {thing}", "RESTRICT_SELECT_OFF"
                column.operator(SelectFound.bl_idname, text=text, icon=icon).hit = k
