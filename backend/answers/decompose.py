"""Decompose: the objects of a scene, and their parts, without a click."""

from collections.abc import Sequence

import numpy as np

from ..affinity.field import AffinityField
from ..engine import Engine
from ..errors import BadInput, require_within
from ..language.naming import named
from ..language.scene_index import index_of
from ..progress import Report
from ..protocol import Decompose, Decomposed
from ..protocol.frames import MAX_ARRAY_BYTES
from ..segmentation.decompose import cluster
from ..segmentation.hierarchy import nest

MAX_SCALES = 8
BYTES = 4  # that are said of a Gaussian at a scale: its label


def answer(engine: Engine, message: Decompose, report: Report) -> Decomposed:
    """Group the Gaussians that are still there, at each scale, and nest what is found.

    A scale at which nothing can be told apart is left out, as long as there is another.
    """
    scales = tuple(sorted(set(message.scales), reverse=True))
    if not 1 <= len(scales) <= MAX_SCALES:
        raise BadInput(f"{len(scales)} scales were given.", f"Give 1 to {MAX_SCALES} of them.")
    for scale in scales:
        require_within("scale", scale, 0.0, 1.0)
    scene = engine.open(message.scene, report)
    field = scene.trained.field
    if message.subset is not None:
        scene.require_mine(message.subset)
    if len(scales) * len(scene.cloud) * BYTES > MAX_ARRAY_BYTES:
        raise BadInput(
            f"What {len(scene.cloud):,} Gaussians are at {len(scales)} scales is too much to say.",
            "Give fewer scales.",
        )
    naming = None
    if message.name_with is not None:  # first: what it lacks is said before the work
        model = engine.text_model(message.name_with, report)
        naming = index_of(scene, model, message.views, message.masks, report), model
    levels = _levels(field, scales, message.subset, report)
    hierarchy = nest(list(levels.values()))
    return Decomposed(
        scales=tuple(levels),
        labels=hierarchy.labels,
        parents=hierarchy.parents,
        names=named(*naming, hierarchy, report) if naming else hierarchy.names,
        colors=hierarchy.colors,
    )


def _levels(
    field: AffinityField, scales: Sequence[float], subset: np.ndarray | None, report: Report
) -> dict[float, np.ndarray]:
    """What the scene falls into at each scale, as labels [N], but for those at which it is one.

    Raises:
        BadInput: it falls into nothing at any of them.
    """
    levels = {}
    for scale in scales:
        try:
            levels[scale] = cluster(field, scale, subset, report=report)
        except BadInput as error:
            nothing_told = error
    if not levels:
        raise nothing_told
    return levels
