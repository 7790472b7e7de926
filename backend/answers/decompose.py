"""Decompose: the objects of a scene, and their parts, without a click."""

import numpy as np

from ..engine import Engine
from ..errors import BadInput, require_within
from ..language.naming import named
from ..language.scene_index import index_of
from ..progress import Report
from ..protocol import Decompose, Decomposed
from ..segmentation.decompose import cluster
from ..segmentation.hierarchy import nest

MAX_SCALES = 8


def answer(engine: Engine, message: Decompose, report: Report) -> Decomposed:
    """Group the Gaussians that are still there, at each scale, and nest what is found."""
    scales = tuple(sorted(set(message.scales), reverse=True))
    if not 1 <= len(scales) <= MAX_SCALES:
        raise BadInput(f"{len(scales)} scales were given.", f"Give 1 to {MAX_SCALES} of them.")
    for scale in scales:
        require_within("scale", scale, 0.0, 1.0)
    scene = engine.open(message.scene, report)
    field = scene.trained.field
    if message.subset is not None:
        scene.require_mine(message.subset)
    levels = [cluster(field, scale, message.subset, report=report) for scale in scales]
    hierarchy = nest([level.labels for level in levels])
    names = hierarchy.names
    if message.name_with is not None:
        model = engine.text_model(message.name_with, report)
        index = index_of(scene, model, message.views, message.masks, report)
        names = named(index, model, hierarchy, report)
    return Decomposed(
        scales=scales,
        labels=hierarchy.labels,
        confidence=np.stack([level.confidence for level in levels]),
        parents=hierarchy.parents,
        names=names,
        colors=hierarchy.colors,
    )
