"""Render: a picture of a view."""

from ..engine import Engine
from ..pictures import draw
from ..progress import Report
from ..protocol import Render, Rendered
from ..views import view_of


def answer(engine: Engine, message: Render, report: Report) -> Rendered:
    """Draw a view of a scene."""
    scene = engine.open(message.scene, report)
    camera = view_of(scene, message.views, message.view)
    if message.size is not None:
        camera = camera.resized(*message.size)
    return Rendered(image=draw(scene, camera, message.what, message.selection))
