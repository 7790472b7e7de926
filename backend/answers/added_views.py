"""AddView, ForgetViews: views that a person added to a scene."""

from ..engine import Engine
from ..progress import Report
from ..protocol import AddView, ForgetViews, ViewAdded
from ..views import add_view, eye_camera, forget_added_views


def answer(engine: Engine, message: AddView | ForgetViews, report: Report) -> ViewAdded:
    """Change the views that are kept in the work folder of a scene."""
    scene = engine.open(message.scene, report)
    if isinstance(message, ForgetViews):
        forget_added_views(scene)
        return ViewAdded(0)
    return ViewAdded(add_view(scene, eye_camera(scene, message.eye)))
