"""Promptable selection: clicks and a scale to the Gaussians of one thing (Sec. 3.5)."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from ..affinity.field import AffinityField
from ..cameras.camera import Camera
from ..errors import BadInput
from ..rendering.rasterizer import Rasterizer
from .similarity import similarity

MIN_ALPHA = 0.1  # below this a pixel shows next to nothing of the splat


def query_feature(
    field: AffinityField,
    rasterizer: Rasterizer,
    camera: Camera,
    pixel: tuple[int, int],
    index: np.ndarray | None = None,
) -> Tensor:
    """The rendered feature F(p) under a click (Eq. 10), [D].

    Args:
        field: of the whole scene.
        rasterizer: of the Gaussians that can be hit.
        camera: the view that was clicked.
        pixel: (column, row) inside the view.
        index: [M] the scene's index of each of the rasterizer's Gaussians; None where it has all.

    Raises:
        BadInput: when there is nothing under the click.
    """
    return blend(field, *trace_click(rasterizer, camera, pixel, index))


def blend(field: AffinityField, gaussians: np.ndarray, weights: np.ndarray) -> Tensor:
    """The feature [D] that Gaussians [E] make up with their blending weights [E] (Eq. 10)."""
    rows = torch.from_numpy(gaussians).to(field.features.device).long()
    return torch.from_numpy(weights).to(field.features.device) @ field.features[rows]


def trace_click(
    rasterizer: Rasterizer,
    camera: Camera,
    pixel: tuple[int, int],
    index: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The Gaussians under a click, in the scene's numbers, [E], and their blending weights, [E].

    The arguments and errors are those of `query_feature`.
    """
    traced = rasterizer.trace(camera, np.array([pixel]))
    if traced.weights.sum() < MIN_ALPHA:
        raise BadInput("There is nothing under the click.", "Click on the object itself.")
    return traced.gaussians if index is None else index[traced.gaussians], traced.weights


def select(
    field: AffinityField,
    wanted: Sequence[Tensor],
    scale: float,
    threshold: float,
    unwanted: Sequence[Tensor] = (),
    margin: float = 0.0,
) -> np.ndarray:
    """Which Gaussians belong to what was clicked, boolean [N].

    Args:
        field: N Gaussians.
        wanted: query features [D] of clicks on the thing, at least one.
        scale: in [0, 1].
        threshold: of the cosine with the nearest of them.
        unwanted: of clicks beside the thing: a Gaussian goes to the nearer side.
        margin: how much nearer it must be to the wanted side; below zero it may be farther.
    """
    nearness = _nearness(field, wanted, scale)
    selected = nearness > threshold
    if unwanted:
        selected &= nearness > _nearness(field, unwanted, scale) + margin
    return selected


def _nearness(field: AffinityField, queries: Sequence[Tensor], scale: float) -> np.ndarray:
    """Cosine with the nearest of some queries, [N]."""
    return reduce(np.maximum, [similarity(field, query, scale) for query in queries])
