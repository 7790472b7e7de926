"""AddView, ForgetViews: views that a person added to a scene."""

import numpy as np

from ..cameras.build import build_camera
from ..engine import Engine
from ..errors import BadInput
from ..gaussians.quaternions import matrices_from_quats
from ..progress import Report
from ..protocol import AddView, ForgetViews, ViewAdded
from ..views import add_view, forget_added_views


def answer(engine: Engine, message: AddView | ForgetViews, report: Report) -> ViewAdded:
    """Change the views that are kept in the work folder of a scene."""
    scene = engine.open(message.scene, report)
    if isinstance(message, ForgetViews):
        forget_added_views(scene)
        return ViewAdded(0)
    if not any(message.quat):
        raise BadInput("The view has no direction.", "Turn the viewport and add it again.")
    rotation = matrices_from_quats(np.array([message.quat]))[0]
    width, height = message.size
    intrinsics = message.focal, message.focal, width / 2, height / 2
    translation = -rotation @ np.array(message.position)
    camera = build_camera(scene.path, "added", message.size, intrinsics, rotation, translation)
    return ViewAdded(add_view(scene, camera))
