"""How well one click at random selects the things of the synthetic tabletop."""

from collections.abc import Sequence

import numpy as np

from backend.affinity.field import AffinityField
from backend.rendering import make_rasterizer
from backend.segmentation.click import query_feature, select

from .clicks import SCALES, iou
from .synthetic import SyntheticScene

THRESHOLD = 0.75
LEAST_PIXELS = 40  # of a target in a view that is clicked


def targets(scene: SyntheticScene) -> list[str]:
    """Every whole object, and every part of those that have several."""
    several = [name for name in scene.object_names if len(scene.parts_of(name)) > 1]
    parts = [name for name in scene.part_names if name.split("/")[0] in several]
    return [*scene.object_names, *parts]


def mean_iou(
    scene: SyntheticScene,
    part_maps: Sequence[np.ndarray],
    field: AffinityField,
    rng: np.random.Generator,
) -> float:
    """Mean over objects and parts of the IoU of a random click, best of ten scales.

    Args:
        scene: with its truth.
        part_maps: [H, W] the part that each pixel of each view shows.
        field: trained on the scene.
        rng: draws the clicks; equal generators draw equal clicks.
    """
    rasterizer = make_rasterizer(scene.cloud, "cpu")
    results = []
    for target in targets(scene):
        parts = scene.parts_of(target)
        shown = [np.argwhere(np.isin(part_map, parts)) for part_map in part_maps]
        views = [view for view, pixels in enumerate(shown) if len(pixels) >= LEAST_PIXELS]
        if not views:
            continue
        view = rng.choice(views)
        row, column = shown[view][rng.integers(len(shown[view]))]
        query = query_feature(field, rasterizer, scene.cameras[view], (column, row))
        truth = np.isin(scene.part_labels, parts)
        results.append(
            max(iou(select(field, [query], scale, THRESHOLD), truth) for scale in SCALES)
        )
    return float(np.mean(results))
