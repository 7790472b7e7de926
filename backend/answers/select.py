"""Select: a click to the Gaussians of one thing."""

import numpy as np

from ..cameras.camera import Camera, ray_camera
from ..engine import Engine
from ..errors import BadInput, require_within
from ..progress import Report
from ..protocol import Select, Selected
from ..rendering import make_rasterizer
from ..scene import Scene
from ..segmentation.click import query_feature, select
from ..views import view_of


def answer(engine: Engine, message: Select, report: Report) -> Selected:
    """Select what a click hits, among the Gaussians that are still there."""
    require_within("scale", message.scale, 0.0, 1.0)
    require_within("threshold", message.threshold, -1.0, 1.0)
    scene = engine.open(message.scene, report)
    field = scene.trained.field
    camera, pixel = _click(scene, message)
    rasterizer, subset = scene.rasterizer, message.subset
    if subset is not None:
        scene.require_mine(subset)
        rasterizer = make_rasterizer(scene.cloud.subset(subset), scene.device)
    query = query_feature(field, rasterizer, camera, pixel, subset)
    mask = select(field, query, message.scale, message.threshold)
    if subset is not None:
        mask &= np.isin(np.arange(len(mask)), subset)
    return Selected(
        mask=np.packbits(mask),
        count=int(mask.sum()),
        total=len(mask),
        physical_scale=float(field.scale_map.to_physical(message.scale)),
    )


def _click(scene: Scene, message: Select) -> tuple[Camera, tuple[int, int]]:
    """The view and the pixel (column, row) that a request points at."""
    if message.ray_origin is not None and message.ray_direction is not None:
        if not np.linalg.norm(message.ray_direction) > 0 or not message.pixel_angle > 0:
            raise BadInput(
                "The ray has no direction or no width.", "Give a direction and an angle above zero."
            )
        return ray_camera(message.ray_origin, message.ray_direction, message.pixel_angle), (0, 0)
    if message.pixel is None:
        raise BadInput("Nothing was clicked.", "Give a pixel of a view, or a ray.")
    camera = view_of(scene, message.views, message.view)
    column, row = (int(np.floor(value)) for value in message.pixel)
    if not (0 <= column < camera.width and 0 <= row < camera.height):
        raise BadInput(
            f"The click ({column}, {row}) is outside the picture.",
            f"{camera.name} is {camera.width} x {camera.height} pixels.",
        )
    return camera, (column, row)
