"""Render: a picture of a view."""

from ..cameras.build import MAX_SIDE
from ..engine import Engine
from ..errors import require_within
from ..pictures import draw
from ..progress import Report
from ..protocol import Render, Rendered
from ..views import view_of


def answer(engine: Engine, message: Render, report: Report) -> Rendered:
    """Draw a view of a scene."""
    if message.size is not None:
        for side, pixels in zip(("width", "height"), message.size, strict=True):
            require_within(f"picture's {side} in pixels", pixels, 1, MAX_SIDE)
    scene = engine.open(message.scene, report)
    camera = view_of(scene, message.views, message.view)
    if message.size is not None:
        camera = camera.resized(*message.size)
    return Rendered(image=draw(scene, camera, message.what, message.selection))
