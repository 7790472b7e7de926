"""Select: clicks to the Gaussians of one thing."""

from collections.abc import Iterator

import numpy as np

from ..engine import Engine
from ..errors import BadInput, require_within
from ..progress import Report
from ..prompts import trace_prompts
from ..protocol import Select, Selected
from ..rendering.rasterizer import RayContributions
from ..scene import Scene
from ..segmentation.click import Belongs
from ..segmentation.connected import connected_to
from ..segmentation.query import Query
from ..segmentation.refine import pixels_over, refined, without_strays
from ..views import training_views


def answer(engine: Engine, message: Select, report: Report) -> Selected:
    """Select what is pointed at, among the Gaussians that are still there.

    A mark on a thing that the masks agree on takes that thing, any other what is
    similar to it (Sec. 3.5).
    """
    if message.scale is not None:
        require_within("scale", message.scale, 0.0, 1.0)
    require_within("threshold", message.threshold, -1.0, 1.0)
    require_within("margin", message.margin, -2.0, 2.0)
    scene = engine.open(message.scene, report)
    present = scene.present(message.subset)
    prompts = trace_prompts(scene, message)
    query = Query(
        field=scene.trained.field,
        tree=scene.trained.things,
        wanted=prompts.wanted,
        unwanted=prompts.unwanted,
        present=present,
        threshold=message.threshold,
        margin=message.margin,
        wanted_wins=message.wanted_wins,
    )
    given = prompts.scale if message.scale is None else message.scale
    scale = query.scale_from(given, message.step)

    def refine(mask: np.ndarray, belongs: Belongs) -> np.ndarray:
        seen = _look_at(scene, message, scene.cloud.means[mask], report)
        return refined(scene.trained.field, mask, seen, belongs)

    mask = query.mask(scale, refine if message.refine else None)
    if message.connected:
        hits = [mark.traced for mark in prompts.wanted]
        mask = connected_to(scene.cloud.means, mask, hits, report)
    if message.without_strays:
        mask = without_strays(mask, scene.cloud.means)
    return _selected(scene, mask, scale.of_features)


def _look_at(
    scene: Scene, message: Select, points: np.ndarray, report: Report
) -> Iterator[RayContributions]:
    """Traced pixels over points [P, 3], of a few views that show them."""
    views = pixels_over(training_views(scene, message.views, report=report), points)
    for done, (camera, pixels) in enumerate(views):
        report("Refining the selection", done / len(views))
        yield scene.trace(camera, pixels, message.subset)


def _selected(scene: Scene, mask: np.ndarray, scale: float) -> Selected:
    """The answer; raises BadInput where it is everything."""
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
        physical_scale=float(scene.trained.field.scale_map.to_physical(scale)),
    )
