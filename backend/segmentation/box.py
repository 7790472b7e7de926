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
from .stable_scales import SCALES
from .thing_tree import ThingTree

SIDE = 12  # pixels looked at along an edge of the box


@dataclass(frozen=True)
class Box:
    """A box drawn in a view, and the view around it."""

    inside: RayContributions  # pixels of an even grid in the box, `SIDE` x `SIDE`, row by row
    beyond: RayContributions  # Q pixels of an even grid over the rest of the view; may be none
    beyond_features: Tensor  # [Q, D] that these show
    outside_share: float  # area that each of these stands for, in boxes

    def fit(self, taken: np.ndarray, spilt: np.ndarray) -> np.ndarray:
        """How well selections fit, [S] in [0, 1]: wanted is what reaches just the edges.

        Args:
            taken: boolean [S, SIDE * SIDE], the pixels in the box that each takes.
            spilt: [S], how many of those beyond.
        """
        taken = taken.reshape(-1, SIDE, SIDE)
        reach = taken.any(axis=1).mean(axis=1) * taken.any(axis=2).mean(axis=1)
        filled = taken.mean(axis=(1, 2))
        whole = filled + spilt * self.outside_share
        return reach * np.divide(filled, whole, out=np.zeros_like(reach), where=whole > 0)


@dataclass(frozen=True)
class BoxFit:
    """The click that stands for a box."""

    scale: float
    traced: RayContributions  # its pixel


def fit_box(field: AffinityField, tree: ThingTree, box: Box, scale: float | None) -> BoxFit:
    """Try each pixel in the middle of a box at each scale, as clicks.

    A request's threshold has no say: it tells how much of the thing to take, not which it is.

    Args:
        field: trained.
        tree: its things, which clicks on them select at about their scale.
        box: traced.
        scale: in [0, 1]; None finds it too.

    Raises:
        BadInput: there is nothing in the middle of the box.
    """
    middle = np.zeros((SIDE, SIDE), bool)
    middle[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4] = True
    clicks = np.flatnonzero(middle.ravel() & hit_pixels(box.inside))
    if len(clicks) == 0:
        raise BadInput("There is nothing in the box.", "Draw it around the object itself.")
    shown = tree.shown(box.inside)
    compared = np.array(SCALES if scale is None else [scale])
    of_things = tree.scales[shown[clicks].any(axis=0)] if scale is None else []
    scales = np.concatenate([of_things, compared])
    things = tree.nearest_shown(shown[clicks], scales)
    fits = np.append(box.fit(shown.T, tree.shown(box.beyond).sum(axis=0)), 0)[things]
    fits[len(of_things) :] += (things[len(of_things) :] < 0) * _similar(
        field, box, clicks, compared
    )
    best, click = np.unravel_index(fits.argmax(), fits.shape)
    return BoxFit(float(scales[best]), box.inside.take(clicks[[click]]))


def _similar(field: AffinityField, box: Box, clicks: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """How well what is similar to each of C clicks fits the box, [S, C]."""
    fits = []
    within = pixel_features(field, box.inside)
    for scale in scales:
        gate = field.gate_at(scale)
        units, others = (F.normalize(f * gate, dim=1) for f in (within, box.beyond_features))
        queries = units[torch.from_numpy(clicks).to(units.device)]
        taken = (queries @ units.T > THRESHOLD).cpu().numpy()
        fits.append(box.fit(taken, (queries @ others.T > THRESHOLD).sum(dim=1).cpu().numpy()))
    return np.array(fits)
