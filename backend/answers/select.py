"""Select: clicks to the Gaussians of one thing."""

from collections.abc import Callable

import numpy as np

from ..affinity.field import AffinityField
from ..cameras.camera import Camera, ray_camera
from ..engine import Engine
from ..errors import BadInput, require_within
from ..progress import Report
from ..protocol import Click, Select, Selected
from ..scene import Scene
from ..segmentation.click import blend, select, trace_click
from ..segmentation.connected import connected_to
from ..segmentation.stable_scales import automatic_scale, likeness, next_scale
from ..views import view_of

Traced = tuple[np.ndarray, np.ndarray]  # of `trace_click`


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
    wanted, unwanted = (
        [
            trace_click(rasterizer, *_place(scene, message, click), subset)
            for click in _clicks(message, side)
        ]
        for side in (True, False)
    )
    select_at = _selector(field, wanted, unwanted, message)
    scale = _scale(message, select_at)
    mask = select_at(scale)
    if message.connected:
        hit = np.concatenate([gaussians for gaussians, _ in wanted])
        mask = connected_to(scene.cloud.means, mask, hit)
    return Selected(
        mask=np.packbits(mask),
        count=int(mask.sum()),
        total=len(mask),
        scale=scale,
        physical_scale=float(field.scale_map.to_physical(scale)),
    )


def _selector(
    field: AffinityField, wanted: list[Traced], unwanted: list[Traced], message: Select
) -> Callable[[float], np.ndarray]:
    """From a scale to what traced clicks select there, boolean [N]."""
    near, far = ([blend(field, *hit) for hit in side] for side in (wanted, unwanted))
    present = slice(None) if message.subset is None else message.subset

    def select_at(scale: float) -> np.ndarray:
        likely = select(field, near, scale, message.threshold, far, message.margin)
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
