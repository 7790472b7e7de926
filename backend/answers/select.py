"""Select: clicks to the Gaussians of one thing."""

from collections.abc import Callable

import numpy as np

from ..affinity.field import AffinityField
from ..cameras.camera import Camera
from ..engine import Engine
from ..errors import BadInput, require_within
from ..progress import Report
from ..prompts import Prompts, trace_prompts
from ..protocol import Select, Selected
from ..rendering.rasterizer import RayContributions
from ..scene import Scene
from ..segmentation.click import on_the_same_thing, recentred, select
from ..segmentation.connected import connected_to
from ..segmentation.refine import vote, without_strays
from ..segmentation.stable_scales import automatic_scale, likeness, next_scale
from ..views import training_views


def answer(engine: Engine, message: Select, report: Report) -> Selected:
    """Select what is pointed at, among the Gaussians that are still there."""
    if message.scale is not None:
        require_within("scale", message.scale, 0.0, 1.0)
    require_within("threshold", message.threshold, -1.0, 1.0)
    require_within("margin", message.margin, -2.0, 2.0)
    scene = engine.open(message.scene, report)
    field = scene.trained.field
    if message.subset is not None:
        scene.require_mine(message.subset)
    prompts = trace_prompts(scene, message)
    present = _present(scene, message)

    def select_at(scale: float) -> np.ndarray:
        mask = _selects(field, prompts, message, scale)(field) & present
        return mask & (mask != present).any()  # everything is no thing: no scale to stop at

    scale = _scale(message, prompts.scale, select_at)
    belongs = _selects(field, prompts, message, scale)
    mask = belongs(field) & present
    if message.refine:
        mask = _refined(scene, message, mask, belongs, report) & present
    if message.connected:
        mask = connected_to(scene.cloud.means, mask, np.concatenate(prompts.hits))
    if message.without_strays:
        mask = without_strays(mask, scene.cloud.means)
    if mask.all():
        raise BadInput(
            f"Nothing in the scene can be told apart from it at scale {scale:.2g}.",
            "Choose a smaller scale or a higher threshold; where that does not help, train again.",
        )
    return Selected(
        mask=np.packbits(mask),
        count=int(mask.sum()),
        total=len(mask),
        scale=scale,
        physical_scale=float(field.scale_map.to_physical(scale)),
    )


def _present(scene: Scene, message: Select) -> np.ndarray:
    """The Gaussians that are still there, boolean [N]."""
    present = np.full(len(scene.cloud), message.subset is None)
    if message.subset is not None:
        present[message.subset] = True
    return present


def _selects(
    field: AffinityField, prompts: Prompts, message: Select, scale: float
) -> Callable[[AffinityField], np.ndarray]:
    """Tells which features of a field, of Gaussians or of pixels, are on the wanted side."""
    near = [recentred(field, query, scale) for query in prompts.wanted]
    far, threshold, margin = prompts.unwanted, message.threshold, message.margin
    if message.wanted_wins and _all_on_the_thing(field, prompts, scale):
        far = []
    return lambda features: select(features, near, scale, threshold, far, margin)


def _all_on_the_thing(field: AffinityField, prompts: Prompts, scale: float) -> bool:
    """Whether each unwanted click is on the very thing that is wanted."""
    return all(
        any(on_the_same_thing(field, query, wanted, scale) for wanted in prompts.wanted)
        for query in prompts.unwanted
    )


def _refined(
    scene: Scene,
    message: Select,
    mask: np.ndarray,
    belongs: Callable[[AffinityField], np.ndarray],
    report: Report,
) -> np.ndarray:
    """The selection after a vote of a few views."""
    cameras = training_views(scene, message.views, report=report)

    def trace(camera: Camera, pixels: np.ndarray) -> RayContributions:
        return scene.trace(camera, pixels, message.subset)

    return vote(scene.trained.field, mask, scene.cloud.means, cameras, trace, belongs, report)


def _scale(
    message: Select, of_box: float | None, select_at: Callable[[float], np.ndarray]
) -> float:
    """The scale that is asked for, that fits the box, or at which the selection is stable."""
    given = of_box if message.scale is None else message.scale
    if given is not None and not message.step:
        return given
    iou = likeness(select_at)
    scale = automatic_scale(iou) if given is None else given
    return next_scale(iou, scale, message.step) if message.step else scale
