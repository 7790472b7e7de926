"""Which masks speak for what a thing looks like (A.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..affinity.ray_bank import ViewRays
from ..segmentation.mask_fit import MaskedView

LEAST_FIT = 0.5  # IoU from which a mask speaks for a thing
MOST_VOTES = 16  # masks that speak for one thing, the largest ones


@dataclass(frozen=True)
class Votes:
    """V masks and the things that they show, sorted by their view."""

    view: np.ndarray  # [V] int64, index into the bank
    mask: np.ndarray  # [V] int64, which of that view's masks
    thing: np.ndarray  # [V] int64

    def __len__(self) -> int:
        return len(self.view)

    def of(self, things: np.ndarray) -> "Votes":
        """Those for some things, in ascending order, numbered anew."""
        used = np.isin(self.thing, things)
        return Votes(self.view[used], self.mask[used], np.searchsorted(things, self.thing[used]))


def choose_votes(bank: Sequence[ViewRays], selected: sp.csr_array) -> Votes:
    """In each view the mask that best fits what it shows of a thing, the largest of these.

    Args:
        bank: traced views with their masks.
        selected: boolean [N, T], the Gaussians of each thing.
    """
    ones = selected.astype(np.float32)
    rows = []
    for view, rays in enumerate(bank):
        fit, best = MaskedView.of(rays, selected.shape[0]).best_masks(ones)
        shown = np.flatnonzero(fit >= LEAST_FIT)
        of_view = np.full(len(shown), view), rays.mask_index[best[shown]], shown
        rows.append(np.stack([*of_view, rays.mask_areas[best[shown]].astype(np.int64)]))
    view, mask, thing, area = np.concatenate(rows, axis=1)
    largest_first = np.lexsort((-area, thing))
    _, starts, counts = np.unique(thing[largest_first], return_index=True, return_counts=True)
    rank = np.arange(len(thing)) - np.repeat(starts, counts)
    chosen = np.sort(largest_first[rank < MOST_VOTES])
    return Votes(view[chosen], mask[chosen], thing[chosen])
