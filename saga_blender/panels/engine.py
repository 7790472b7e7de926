"""The SAGA panel itself: what the engine does, how it ended, and what is missing."""

import bpy

from ..engine.place import why_no_engine
from ..engine.session import session
from ..operators.train import Cancel, TakeOffer, offered
from ..preferences import EXTENSION
from ..translations import said
from .parts import button, error_box, write


class SagaPanel(bpy.types.Panel):
    """Objects out of Gaussian splats"""

    bl_idname = "VIEW3D_PT_saga"
    bl_label = "SAGA"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "SAGA"

    def draw(self, context):
        layout = self.layout
        if (amiss := why_no_engine()) is not None:
            stands, remedy = amiss
            box = layout.box()
            box.alert = True
            write(box, context, stands, icon="INFO")
            box.operator("preferences.addon_show", text=remedy).module = EXTENSION
        if session.job is not None:
            draw_job(layout)
            if session.job.progress is not None:
                write(layout, context, session.job.progress.detail)
        elif session.error is not None:
            box = error_box(layout, context, session.error)
            if offer := offered():
                button(box, context, TakeOffer, text=_offer_in_words(offer))
        elif session.notice:
            write(layout, context, session.notice, icon="CHECKMARK", least=2)


def _offer_in_words(offer: dict) -> str:
    if "max_views" not in offer:
        return said("Train on All Views with the CPU")
    sentence = (
        "Train on {views} Views with the CPU" if "device" in offer else "Train on {views} Views"
    )
    return said(sentence, views=offer["max_views"])


def draw_status(header: bpy.types.Header, _context: bpy.types.Context) -> None:
    """The progress again, in the status bar: the sidebar may be closed."""
    if session.job is not None:
        row = header.layout.row()
        row.ui_units_x = 16
        draw_job(row)


def draw_job(layout: bpy.types.UILayout) -> None:
    """How far the engine is, and a way to stop it."""
    row = layout.row(align=True)
    row.progress(text=session.job.text, factor=session.job.fraction)
    row.operator(Cancel.bl_idname, text="", icon="CANCEL")
