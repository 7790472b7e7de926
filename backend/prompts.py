"""What a Select points at: its clicks and its box, as marks on what is wanted and what is not."""

from dataclasses import dataclass, field

import numpy as np
import torch

from .cameras.camera import Camera, ray_camera
from .errors import BadInput
from .protocol import Click, Select
from .scene import Scene
from .segmentation.box import SIDE, Box, BoxFit, fit_box
from .segmentation.marks import Mark, hit_pixels
from .views import eye_camera, view_of

VIEW_GRID = (72, 54)  # pixels looked at to see what spills out of a box, over the whole view


@dataclass(frozen=True)
class Prompts:
    """Where a selection starts from."""

    wanted: list[Mark] = field(default_factory=list)
    unwanted: list[Mark] = field(default_factory=list)
    scale: float | None = None  # that fits the box best


def trace_prompts(scene: Scene, message: Select) -> Prompts:
    """Trace whatever a request points at, at least one wanted thing.

    Raises:
        BadInput: nothing is pointed at, or what is lies outside the picture or shows nothing.
    """
    prompts, trained = Prompts(), scene.trained.field
    if message.box is not None:
        fit = _fit_box(scene, message)
        prompts = Prompts([Mark(trained, fit.traced)], scale=fit.scale)
    points_itself = any((message.pixel, message.ray_origin, message.ray_direction))
    if not (points_itself or prompts.wanted or any(click.wanted for click in message.clicks)):
        raise BadInput("Nothing was clicked.", "Give a pixel of a view, a ray, or a box.")
    for click in (*([message] if points_itself else []), *message.clicks):
        traced = scene.trace(*_place(scene, message, click), message.subset)
        if not hit_pixels(traced).all():
            continue  # a scribble may run over a gap
        side = prompts.wanted if getattr(click, "wanted", True) else prompts.unwanted
        side.append(Mark(trained, traced))
    if not prompts.wanted:
        raise BadInput("There is nothing under the click.", "Click on the object itself.")
    return prompts


def _fit_box(scene: Scene, message: Select) -> BoxFit:
    if message.eye is not None:
        camera = eye_camera(scene, message.eye)
    else:
        camera = view_of(scene, message.views, message.view)
    left, top, right, bottom = message.box
    if not (0 <= left < right <= camera.width and 0 <= top < bottom <= camera.height):
        raise BadInput(
            f"The box from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) is not in the picture.",
            f"Give left, top, right, bottom; {camera.name} is {camera.width} x {camera.height}.",
        )
    box, view = np.array(message.box), np.array([0, 0, camera.width, camera.height])
    own, whole = _grid(box, SIDE, SIDE), _grid(view, *VIEW_GRID)
    outside = ((whole + 0.5 < box[:2]) | (whole + 0.5 > box[2:])).any(axis=1)
    area = camera.width * camera.height / ((right - left) * (bottom - top))
    traced, trained = scene.trace(camera, whole, message.subset), scene.trained
    # Of the whole view, which is remembered while a box in it is being drawn.
    features = trained.features_of(traced)
    drawn = Box(
        inside=scene.trace(camera, own, message.subset),
        beyond=traced.take(np.flatnonzero(outside)),
        beyond_features=features[torch.from_numpy(outside).to(features.device)],
        outside_share=area / len(whole),
    )
    return fit_box(trained.field, trained.things, drawn, message.scale)


def _grid(box: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """Pixels [columns * rows, 2] (column, row) spread evenly over (left, top, right, bottom)."""
    left, top, right, bottom = box
    across = left + (np.arange(columns) + 0.5) / columns * (right - left)
    down = top + (np.arange(rows) + 0.5) / rows * (bottom - top)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2).astype(np.int64)


def _place(scene: Scene, message: Select, click: Select | Click) -> tuple[Camera, np.ndarray]:
    """The view and the pixel [1, 2] (column, row) that a click points at."""
    if click.ray_origin is not None and click.ray_direction is not None:
        if not np.linalg.norm(click.ray_direction) > 0 or not click.pixel_angle > 0:
            raise BadInput(
                "The ray has no direction or no width.", "Give a direction and an angle above zero."
            )
        camera = ray_camera(click.ray_origin, click.ray_direction, click.pixel_angle)
        return camera, np.zeros((1, 2), np.int64)
    if click.pixel is None:
        raise BadInput("A click has no place.", "Give a pixel of a view, or a whole ray.")
    camera = view_of(scene, message.views, click.view)
    x, y = click.pixel
    if not (0 <= x < camera.width and 0 <= y < camera.height):
        raise BadInput(
            f"The click ({x:g}, {y:g}) is outside the picture.",
            f"{camera.name} is {camera.width} x {camera.height} pixels.",
        )
    return camera, np.array([[x, y]]).astype(np.int64)
