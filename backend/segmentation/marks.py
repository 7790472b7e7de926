"""Pixels that are pointed at, and the features that they show."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..affinity.field import AffinityField
from ..rendering.rasterizer import RayContributions

MIN_ALPHA = 0.1  # below this a pixel shows next to nothing of the splat


@dataclass(frozen=True)
class Mark:
    """A pixel that is pointed at."""

    field: AffinityField
    traced: RayContributions  # the Gaussians that it shows

    @cached_property
    def feature(self) -> Tensor:
        """The rendered feature F(p) (Eq. 10), [D]; where the mark is on a thing nobody asks."""
        return pixel_features(self.field, self.traced)[0]


def hit_pixels(traced: RayContributions) -> np.ndarray:
    """Which pixels show something of the splat, boolean [P]."""
    return np.bincount(_pixel_of(traced), traced.weights, len(traced)) >= MIN_ALPHA


def pixel_features(field: AffinityField, traced: RayContributions) -> Tensor:
    """Rendered features of traced pixels (Eq. 10), [P, D] on the field's device."""
    device = field.features.device
    rows, weights, pixels = (
        torch.from_numpy(part).to(device)
        for part in (traced.gaussians.astype(np.int64), traced.weights, _pixel_of(traced))
    )
    blended = torch.zeros(len(traced), field.features.shape[1], device=device)
    return blended.index_add_(0, pixels, field.features[rows] * weights[:, None])


def _pixel_of(traced: RayContributions) -> np.ndarray:
    """The pixel that each contribution goes to, int64 [E]."""
    return np.repeat(np.arange(len(traced)), np.diff(traced.offsets))
