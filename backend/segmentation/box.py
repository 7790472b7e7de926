"""What fills a box drawn around it: the click in it, and the scale, that together fit it best."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..affinity.field import AffinityField
from ..errors import BadInput
from ..rendering.rasterizer import RayContributions
from .marks import hit_pixels, pixel_features
from .similarity import THRESHOLD

SIDE = 12  # pixels looked at along an edge of the box


@dataclass(frozen=True)
class BoxFit:
    """The click that stands for a box."""

    scale: float
    traced: RayContributions  # its pixel


def fit_box(
    field: AffinityField,
    inside: RayContributions,
    beyond: Tensor,
    outside_share: float,
    scales: np.ndarray,
) -> BoxFit:
    """Try each pixel in the middle of a box at each scale; wanted is what reaches just its edges.

    A request's threshold has no say: it tells how much of the thing to take, not which it is.

    Args:
        field: trained.
        inside: traced pixels of an even grid in the box, `SIDE` x `SIDE`, row by row.
        beyond: features [Q, D] of pixels of an even grid over the rest of the view; may be none.
        outside_share: area that each of these stands for, in boxes.
        scales: to choose from, each in [0, 1].

    Raises:
        BadInput: there is nothing in the middle of the box.
    """
    middle = np.zeros((SIDE, SIDE), bool)
    middle[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4] = True
    clicks = np.flatnonzero(middle.ravel() & hit_pixels(inside))
    if len(clicks) == 0:
        raise BadInput("There is nothing in the box.", "Draw it around the object itself.")
    within = pixel_features(field, inside)
    scores = np.array(
        [_scores(field.gate_at(s), clicks, within, beyond, outside_share) for s in scales]
    )
    scale, click = np.unravel_index(scores.argmax(), scores.shape)
    pixel = clicks[click]
    return BoxFit(float(scales[scale]), inside.take(np.array([pixel])))


def _scores(
    gate: Tensor,
    clicks: np.ndarray,
    within: Tensor,
    beyond: Tensor,
    outside_share: float,
) -> np.ndarray:
    """How well what each click selects fits the box, [C] in [0, 1]."""
    units, others = (F.normalize(features * gate, dim=1) for features in (within, beyond))
    queries = units[torch.from_numpy(clicks).to(units.device)]
    taken = (queries @ units.T > THRESHOLD).cpu().numpy().reshape(-1, SIDE, SIDE)
    spilt = (queries @ others.T > THRESHOLD).sum(dim=1).cpu().numpy() * outside_share
    reach = taken.any(axis=1).mean(axis=1) * taken.any(axis=2).mean(axis=1)
    filled = taken.mean(axis=(1, 2))
    return reach * filled / (filled + spilt)
