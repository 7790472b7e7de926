"""Promptable selection: clicks and a scale to the Gaussians of one thing (Sec. 3.5)."""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from ..affinity.field import AffinityField
from .similarity import THRESHOLD, similarity

SAME_THING_COSINE = 0.85  # of two clicks above which they are on the same thing
FEW, ENOUGH = 256, 4096  # Gaussians that a mean is taken of

# Which rows of a field, of Gaussians or of pixels, belong to what was clicked: boolean.
Belongs = Callable[[AffinityField], np.ndarray]


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


def on_the_same_thing(
    field: AffinityField, queries: Sequence[Tensor], others: Sequence[Tensor], scale: float
) -> bool:
    """Whether each of others is as like one of the queries [D] as two of one thing mostly are."""
    gate = field.gate_at(scale)
    ours, theirs = ([feature * gate for feature in side] for side in (queries, others))
    return all(
        any(torch.cosine_similarity(one, other, dim=0) > SAME_THING_COSINE for one in ours)
        for other in theirs
    )


def recentred(field: AffinityField, query: Tensor, scale: float) -> Tensor:
    """The mean direction [D] of what a query is surely like: a click is seldom in its middle."""
    among = field.sample
    alike = np.flatnonzero(similarity(among, query, scale) > THRESHOLD)
    if len(alike) < FEW and among is not field:
        among = field
        alike = np.flatnonzero(similarity(among, query, scale) > THRESHOLD)
    if len(alike) == 0:
        return query
    some = torch.from_numpy(alike[:: max(1, len(alike) // ENOUGH)]).to(query.device)
    features = among.features[some]
    return (features / (features * field.gate_at(scale)).norm(dim=1, keepdim=True)).mean(dim=0)


def _nearness(field: AffinityField, queries: Sequence[Tensor], scale: float) -> np.ndarray:
    """Cosine with the nearest of some queries, [N]."""
    return reduce(np.maximum, [similarity(field, query, scale) for query in queries])
