"""Promptable selection: a click and a scale to the Gaussians of one thing (Sec. 3.5)."""

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
    traced = rasterizer.trace(camera, np.array([pixel]))
    if traced.weights.sum() < MIN_ALPHA:
        raise BadInput("There is nothing under the click.", "Click on the object itself.")
    gaussians = traced.gaussians if index is None else index[traced.gaussians]
    weights = torch.from_numpy(traced.weights).to(field.features.device)
    return weights @ field.features[torch.from_numpy(gaussians).to(field.features.device).long()]


def select(field: AffinityField, query: Tensor, scale: float, threshold: float) -> np.ndarray:
    """Which Gaussians belong to what was clicked, boolean [N]."""
    return similarity(field, query, scale) > threshold
