"""How well clicks at random select the things of the synthetic tabletop."""

from collections.abc import Sequence

import numpy as np

from backend.affinity.field import AffinityField
from backend.rendering import make_rasterizer
from backend.segmentation.click import select
from backend.segmentation.marks import Mark
from backend.segmentation.similarity import THRESHOLD

from .clicks import SCALES
from .fit import iou
from .synthetic import SyntheticScene

LEAST_PIXELS = 40  # of a target in a view that is clicked


def iou_of_random_clicks(
    scene: SyntheticScene, part_maps: Sequence[np.ndarray], field: AffinityField, clicks: int
) -> float:
    """Mean over objects and parts of the IoU of random clicks, best of ten scales.

    Args:
        scene: with its truth.
        part_maps: [H, W] the part that each pixel of each view shows.
        field: trained on the scene.
        clicks: on each thing; always the same ones.
    """
    rasterizer, rng = make_rasterizer(scene.cloud, "cpu"), np.random.default_rng(0)
    results = []
    for target in clicks * (*scene.object_names, *scene.parts):
        parts = scene.parts_of(target)
        shown = [np.argwhere(np.isin(part_map, parts)) for part_map in part_maps]
        views = [view for view, pixels in enumerate(shown) if len(pixels) >= LEAST_PIXELS]
        if not views:
            continue
        view = rng.choice(views)
        row, column = shown[view][rng.integers(len(shown[view]))]
        traced = rasterizer.trace(scene.cameras[view], np.array([[column, row]]))
        query = Mark(field, traced).feature
        truth = np.isin(scene.part_labels, parts)
        results.append(
            max(iou(select(field, [query], scale, THRESHOLD), truth) for scale in SCALES)
        )
    return float(np.mean(results))
