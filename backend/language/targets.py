"""What a scene can be asked for by name: the clusters of the vote graph as queries of the field."""

from dataclasses import dataclass

import numpy as np
import torch

from ..affinity.field import AffinityField
from .lifted_masks import THRESHOLD, LiftedMasks, cosines

LEAST_FIT = 0.5  # IoU in its view of a mask with its target, to speak for it
MOST_VOTES = 16  # masks that speak for one target, the largest ones


@dataclass(frozen=True)
class Targets:
    """T potential objects or parts, each a query of the field at a scale."""

    features: np.ndarray  # [T, D] float32, not gated
    scales: np.ndarray  # [T] float64 in [0, 1]

    def __len__(self) -> int:
        return len(self.scales)


@dataclass(frozen=True)
class Votes:
    """V masks that speak for what targets look like, sorted by their view."""

    mask: np.ndarray  # [V] int64, index into the lifted masks
    target: np.ndarray  # [V] int64


def find_targets(lifted: LiftedMasks, labels: np.ndarray) -> Targets:
    """The mean query of each cluster's masks; labels [M] as of `cluster_masks`."""
    members = [labels == k for k in range(labels.max(initial=-1) + 1)]
    dim = lifted.features.shape[1]
    return Targets(
        np.array([lifted.features[m].mean(axis=0) for m in members], np.float32).reshape(-1, dim),
        np.array([lifted.scales[m].mean() for m in members]),
    )


def choose_votes(
    field: AffinityField, lifted: LiftedMasks, labels: np.ndarray, targets: Targets
) -> Votes:
    """In each view the mask that best fits what its target selects there, the largest of these.

    A part's mask may select the whole: it is in the cluster, but no picture of it.
    """
    fits = np.zeros(len(lifted))
    for view, sample in enumerate(lifted.samples):
        here = np.flatnonzero(lifted.view == view)
        rows = torch.from_numpy(sample.rendered.astype(np.float32)).to(field.features.device)
        seen, own = np.unique(labels[here], return_inverse=True)
        of_target = cosines(field, rows, targets.features[seen], targets.scales[seen]) > THRESHOLD
        inside, expected = sample.membership.T, of_target[own]
        union = np.maximum((inside | expected).sum(axis=1), 1)
        fits[here] = np.where(labels[here] >= 0, (inside & expected).sum(axis=1) / union, 0)
    best_first = np.lexsort((-fits, lifted.view, labels))
    keys = np.stack([labels, lifted.view])[:, best_first]
    first = np.concatenate([[True], (np.diff(keys) != 0).any(axis=0)])
    chosen = best_first[first]
    chosen = chosen[fits[chosen] >= LEAST_FIT]
    chosen = chosen[np.lexsort((-lifted.area[chosen], labels[chosen]))]
    _, starts, counts = np.unique(labels[chosen], return_index=True, return_counts=True)
    rank = np.arange(len(chosen)) - np.repeat(starts, counts)
    chosen = np.sort(chosen[rank < MOST_VOTES])
    return Votes(chosen, labels[chosen])
