"""Select: clicks to the Gaussians of one thing."""

from collections.abc import Callable

import numpy as np

from ..cameras.camera import Camera, ray_camera
from ..engine import Engine
from ..errors import BadInput, require_within
from ..progress import Report
from ..protocol import Click, Select, Selected
from ..rendering.rasterizer import Rasterizer
from ..scene import Scene
from ..segmentation.click import query_feature, select, trace_click
from ..segmentation.connected import connected_to
from ..segmentation.stable_scales import automatic_scale, likeness, next_scale
from ..views import view_of


def answer(engine: Engine, message: Select, report: Report) -> Selected:
    """Select what the clicks hit, among the Gaussians that are still there."""
    if message.scale is not None:
        require_within("scale", message.scale, 0.0, 1.0)
    require_within("threshold", message.threshold, -1.0, 1.0)
    require_within("margin", message.margin, -2.0, 2.0)
    scene = engine.open(message.scene, report)
    field, subset, rasterizer = scene.trained.field, message.subset, scene.rasterizer
    if subset is not None:
        scene.require_mine(subset)
        rasterizer = scene.rasterizer_of(scene.cloud.subset(subset))
    select_at = _selector(scene, rasterizer, message)
    scale = _scale(message, select_at)
    mask = select_at(scale)
    if message.connected:
        places = [_place(scene, message, click) for click in _clicks(message, wanted=True)]
        hit = [trace_click(rasterizer, *place, subset)[0] for place in places]
        mask = connected_to(scene.cloud.means, mask, np.concatenate(hit))
    return Selected(
        mask=np.packbits(mask),
        count=int(mask.sum()),
        total=len(mask),
        scale=scale,
        physical_scale=float(field.scale_map.to_physical(scale)),
    )


def _selector(
    scene: Scene, rasterizer: Rasterizer, message: Select
) -> Callable[[float], np.ndarray]:
    """From a scale to what the clicks select there, boolean [N]."""
    field, subset = scene.trained.field, message.subset
    wanted, unwanted = (
        [
            query_feature(field, rasterizer, *_place(scene, message, click), subset)
            for click in _clicks(message, side)
        ]
        for side in (True, False)
    )
    present = slice(None) if subset is None else subset

    def select_at(scale: float) -> np.ndarray:
        likely = select(field, wanted, scale, message.threshold, unwanted, message.margin)
        selected = np.zeros_like(likely)
        selected[present] = likely[present]
        return selected

    return select_at


def _scale(message: Select, select_at: Callable[[float], np.ndarray]) -> float:
    """The scale that is asked for, or found where the selection is stable."""
    if message.scale is not None and not message.step:
        return message.scale
    iou = likeness(select_at)
    scale = automatic_scale(iou) if message.scale is None else message.scale
    return next_scale(iou, scale, message.step) if message.step else scale


def _clicks(message: Select, wanted: bool) -> list[Select | Click]:
    """The clicks on the thing, of which the request itself is the first, or those beside it."""
    further = [click for click in message.clicks if click.wanted == wanted]
    return [message, *further] if wanted else further


def _place(scene: Scene, message: Select, click: Select | Click) -> tuple[Camera, tuple[int, int]]:
    """The view and the pixel (column, row) that a click points at."""
    if click.ray_origin is not None and click.ray_direction is not None:
        if not np.linalg.norm(click.ray_direction) > 0 or not click.pixel_angle > 0:
            raise BadInput(
                "The ray has no direction or no width.", "Give a direction and an angle above zero."
            )
        return ray_camera(click.ray_origin, click.ray_direction, click.pixel_angle), (0, 0)
    if click.pixel is None:
        raise BadInput("Nothing was clicked.", "Give a pixel of a view, or a ray.")
    camera = view_of(scene, message.views, click.view)
    column, row = (int(np.floor(value)) for value in click.pixel)
    if not (0 <= column < camera.width and 0 <= row < camera.height):
        raise BadInput(
            f"The click ({column}, {row}) is outside the picture.",
            f"{camera.name} is {camera.width} x {camera.height} pixels.",
        )
    return camera, (column, row)
