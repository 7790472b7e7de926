"""Select: clicks to the Gaussians of one thing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from ..affinity.field import AffinityField
from ..cameras.camera import Camera
from ..engine import Engine
from ..errors import BadInput, require_within
from ..progress import Report
from ..prompts import Mark, Prompts, trace_prompts
from ..protocol import Select, Selected
from ..rendering.rasterizer import RayContributions
from ..scene import Scene
from ..segmentation.click import on_the_same_thing, recentred, select
from ..segmentation.connected import connected_to
from ..segmentation.pointed import next_scale as next_thing
from ..segmentation.pointed import things_at
from ..segmentation.refine import vote, without_strays
from ..segmentation.stable_scales import automatic_scale, likeness, next_scale
from ..segmentation.thing_tree import ThingTree
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
    field = scene.trained.field
    if message.subset is not None:
        scene.require_mine(message.subset)
    prompts = trace_prompts(scene, message)
    asked, scale = _scales(scene, prompts, message)
    mask = _marked(scene, prompts, message, asked, scale, report) & _present(scene, message)
    if message.connected:
        hits = [mark.traced.gaussians for mark in prompts.wanted]
        mask = connected_to(scene.cloud.means, mask, np.concatenate(hits))
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


def _scales(scene: Scene, prompts: Prompts, message: Select) -> tuple[float | None, float]:
    """The scale that each mark looks for a thing at, and that of what the first one selects.

    It is the one that is asked for, or that fits the box. Else each mark looks for
    a whole object, or where no thing is, takes what is stable over the scales.
    """
    given = prompts.scale if message.scale is None else message.scale
    tree = scene.trained.things
    around = tree.around(prompts.wanted[0].traced)
    if len(around) and message.step:
        given = next_thing(tree, around, given, message.step)
    elif len(around) and given is None:
        return None, float(tree.scales[tree.likeliest(around)])
    elif given is None or message.step:
        iou = likeness(lambda scale: _alike(scene, prompts, message, scale))
        given = automatic_scale(iou) if given is None else given
        given = next_scale(iou, given, message.step) if message.step else given
    return given, given


def _alike(scene: Scene, prompts: Prompts, message: Select, scale: float) -> np.ndarray:
    """What of a sample is similar to the marks at a scale; everything is no thing to stop at."""
    field = scene.trained.field
    present = _present(scene, message)[field.sampled]
    mask = _similar(field, prompts.wanted, prompts.unwanted, message, scale)(field.sample) & present
    return mask & (mask != present).any()


def _marked(
    scene: Scene,
    prompts: Prompts,
    message: Select,
    asked: float | None,
    scale: float,
    report: Report,
) -> np.ndarray:
    """What the wanted marks are on without what the unwanted ones are on, boolean [N]."""
    field, tree = scene.trained.field, scene.trained.things
    on_wanted = [mark.traced for mark in prompts.wanted]
    wanted = things_at(tree, on_wanted, asked)
    against = [m for m in prompts.unwanted if not (message.wanted_wins and _on(tree, m, wanted))]
    on_unwanted = [mark.traced for mark in against]
    unwanted = things_at(tree, on_unwanted, asked, apart_from=on_wanted, within=1.0)
    mask = np.zeros(len(scene.cloud), bool)
    for thing in {*wanted} - {None}:
        mask |= tree.belong(thing, message.threshold)
    beside = _without_thing(against, unwanted)
    if beside and mask.any():
        anything = replace(message, threshold=-np.inf)
        mask &= _similar(field, prompts.wanted, beside, anything, scale)(field)
    loose = _without_thing(prompts.wanted, wanted)
    if loose:
        similar = _similar(field, loose, against, message, scale)
        more = similar(field) & _present(scene, message)
        mask |= _refined(scene, message, more, similar, report) if message.refine else more
    for thing in {*unwanted} - {None}:
        mask &= ~tree.belong(thing, message.threshold)
    return mask


def _on(tree: ThingTree, mark: Mark, things: Sequence[int | None]) -> bool:
    """Whether a mark is on one of some things."""
    return bool(np.isin(tree.around(mark.traced), things).any())


def _without_thing(marks: Sequence[Mark], things: Sequence[int | None]) -> list[Mark]:
    return [mark for mark, thing in zip(marks, things, strict=True) if thing is None]


def _similar(
    field: AffinityField,
    wanted: Sequence[Mark],
    unwanted: Sequence[Mark],
    message: Select,
    scale: float,
) -> Callable[[AffinityField], np.ndarray]:
    """Tells which features of a field, of Gaussians or of pixels, are on the wanted side."""
    queries, far = ([mark.query for mark in side] for side in (wanted, unwanted))
    near = [recentred(field, query, scale) for query in queries]
    if message.wanted_wins and _all_on_the_thing(field, queries, far, scale):
        far = []
    return lambda features: select(features, near, scale, message.threshold, far, message.margin)


def _all_on_the_thing(
    field: AffinityField, wanted: Sequence[Tensor], unwanted: Sequence[Tensor], scale: float
) -> bool:
    """Whether each unwanted query is of the very thing that is wanted."""
    return all(
        any(on_the_same_thing(field, query, one, scale) for one in wanted) for query in unwanted
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
