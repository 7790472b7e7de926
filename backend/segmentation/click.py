"""Promptable selection: clicks and a scale to the Gaussians of one thing (Sec. 3.5)."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from ..affinity.field import AffinityField
from ..cameras.camera import Camera
from ..errors import BadInput
from ..rendering.rasterizer import Rasterizer, RayContributions
from .similarity import similarity

MIN_ALPHA = 0.1  # below this a pixel shows next to nothing of the splat

SURE = 0.75  # cosine with a click above which a Gaussian helps to say what was meant
SAME = 0.85  # cosine of two clicks above which they are on the same thing
FEW, ENOUGH = 256, 4096  # Gaussians that a mean is taken of


def query_feature(
    field: AffinityField, rasterizer: Rasterizer, camera: Camera, pixel: tuple[int, int]
) -> Tensor:
    """The rendered feature F(p) under a click (Eq. 10), [D].

    Args:
        field: of the scene.
        rasterizer: of the same Gaussians.
        camera: the view that was clicked.
        pixel: (column, row) inside the view.

    Raises:
        BadInput: when there is nothing under the click.
    """
    traced = rasterizer.trace(camera, np.array([pixel]))
    if not hit_pixels(traced).all():
        raise BadInput("There is nothing under the click.", "Click on the object itself.")
    return pixel_features(field, traced)[0]


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


def on_the_same_thing(field: AffinityField, one: Tensor, other: Tensor, scale: float) -> bool:
    """Whether two query features [D] are as alike as those of one thing mostly are."""
    gate = field.gate_at(scale)
    return bool(torch.cosine_similarity(one * gate, other * gate, dim=0) > SAME)


def recentred(field: AffinityField, query: Tensor, scale: float) -> Tensor:
    """The mean direction [D] of what a query is surely like: a click is seldom in its middle."""
    among = field.sample
    alike = np.flatnonzero(similarity(among, query, scale) > SURE)
    if len(alike) < FEW and among is not field:
        among = field
        alike = np.flatnonzero(similarity(among, query, scale) > SURE)
    if len(alike) == 0:
        return query
    some = torch.from_numpy(alike[:: max(1, len(alike) // ENOUGH)]).to(query.device)
    features = among.features[some]
    return (features / (features * field.gate_at(scale)).norm(dim=1, keepdim=True)).mean(dim=0)


def _nearness(field: AffinityField, queries: Sequence[Tensor], scale: float) -> np.ndarray:
    """Cosine with the nearest of some queries, [N]."""
    return reduce(np.maximum, [similarity(field, query, scale) for query in queries])
