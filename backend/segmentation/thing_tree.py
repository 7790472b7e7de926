"""Things within things: which of them a click points at, and which make up a scene."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from ..affinity.things import SURELY, Things
from ..rendering.rasterizer import RayContributions
from .similarity import THRESHOLD

WITHIN = 0.8  # share of a thing that lies in another from which it is part of that
SMALLER = 0.85  # size of a part at most, in sizes of the whole
OVERLAP = 0.2  # share of the smaller of two things that lies in the other, at most, in one cut
NEAR = 0.2  # difference of scales beyond which a thing is not what a scale asks for
OBJECT_WEIGHT = 1.75  # how much likelier an object is meant than what else stands out as much
STEP = 0.02  # least difference of scales between a whole and its part
OBJECT_SCALE, OBJECT_SPREAD = 0.5, 0.3  # of objects, rather than of their parts or of groups
BELOW = 0.04  # how far below what is asked for lies the scale that fits it best


@dataclass(frozen=True)
class ThingTree:
    """T things among M Gaussians."""

    selected: sp.csr_array  # [M, T] boolean
    sizes: np.ndarray  # [T] Gaussians
    within: np.ndarray  # [T, T] share of the one that lies in the other
    things: Things

    @classmethod
    def of(cls, things: Things, subset: np.ndarray | None = None) -> "ThingTree":
        """The things among all Gaussians, or those that are mostly among some, [M] indices."""
        selected = things.selected(THRESHOLD)
        if subset is not None:
            here = selected.tocsr()[subset].tocsc()
            kept = np.flatnonzero(np.diff(here.indptr) > 0.5 * np.diff(selected.indptr))
            things, selected = things.only(kept), here[:, kept]
        selected = selected.tocsr()
        counts = selected.astype(np.float32)
        sizes = counts.sum(axis=0)
        within = (counts.T @ counts).toarray() / np.maximum(sizes, 1)[:, None]
        return cls(selected, sizes, within, things)

    @cached_property
    def is_part(self) -> np.ndarray:
        """Whether the one thing is part of the other, boolean [T, T]."""
        return (self.within > WITHIN) & (self.sizes[:, None] < SMALLER * self.sizes)

    @cached_property
    def parents(self) -> np.ndarray:
        """The smallest thing that each is part of, [T], -1 for none."""
        if len(self.sizes) == 0:
            return np.zeros(0, np.int64)
        smallest = np.where(self.is_part, self.sizes, np.inf).argmin(axis=1)
        return np.where(self.is_part.any(axis=1), smallest, -1)

    @cached_property
    def scales(self) -> np.ndarray:
        """[T] in [0, 1]; that of a part is below that of its whole: a mug's body, and the mug."""
        scales = self.things.scales.copy()
        for part in self._smallest_first:  # parts come before their wholes
            whole = self.parents[part]
            if whole >= 0:
                scales[whole] = min(max(scales[whole], scales[part] + STEP), 1)
        return scales

    @cached_property
    def _smallest_first(self) -> np.ndarray:
        return np.argsort(self.sizes, kind="stable")

    def around(self, traced: RayContributions) -> np.ndarray:
        """The things that most of what is traced belongs to, smallest first."""
        share = self.selected[traced.gaussians].T.astype(np.float32) @ traced.weights
        around = np.flatnonzero(share > 0.5 * traced.weights.sum())
        return around[np.argsort(self.sizes[around], kind="stable")]

    def shown(self, traced: RayContributions) -> np.ndarray:
        """The things that most of each of P traced pixels belongs to, boolean [P, T]."""
        entries = traced.weights, traced.gaussians, traced.offsets
        weights = sp.csr_array(entries, (len(traced), self.selected.shape[0]))
        share = (weights @ self.selected.astype(np.float32)).toarray()
        return share > 0.5 * weights.sum(axis=1)[:, None]

    def belong(self, thing: int, threshold: float) -> np.ndarray:
        """Which Gaussians belong to a thing at all, and as surely as a threshold, boolean [N]."""
        members, surely = self.things.members(thing)
        mask = np.zeros(self.things.belonging.shape[0], bool)
        mask[members] = surely >= max(threshold * SURELY, 1)
        return mask

    def likeliest(self, around: np.ndarray) -> int:
        """The thing of some that is most likely meant: what stands out, objects above all."""
        weight = np.where(np.isin(around, self.objects), OBJECT_WEIGHT, 1.0)
        return int(around[(weight * self.prominence(OBJECT_SCALE)[around]).argmax()])

    def nearest(self, around: np.ndarray, scale: float) -> int:
        """The thing of some whose scale is nearest."""
        return int(around[np.abs(self.scales[around] - scale).argmin()])

    def nearest_shown(self, shown: np.ndarray, scales: np.ndarray) -> np.ndarray:
        """The thing that a click on each of C pixels selects at each scale, [S, C]; -1 for none.

        Args:
            shown: boolean [C, T], see `shown`.
            scales: [S].
        """
        if len(self.sizes) == 0:
            return np.full((len(scales), len(shown)), -1)
        order = self._smallest_first
        apart = np.abs(self.scales[order] - scales[:, None, None])
        apart = np.where(shown[:, order], apart, np.inf)
        return np.where(apart.min(axis=2) <= NEAR, order[apart.argmin(axis=2)], -1)

    @cached_property
    def objects(self) -> np.ndarray:
        """The things that the scene is made up of, as one would name them."""
        return self.cut(OBJECT_SCALE)

    def prominence(self, scale: float) -> np.ndarray:
        """How much each thing stands out at a scale, [T].

        A thing stands out when views agree on it, when it is far smaller than what it
        is part of, and when it has about the scale.
        """
        preference = np.exp(-(((self.scales - scale + BELOW) / OBJECT_SPREAD) ** 2) / 2)
        return self._sureness * self._gaps * preference

    @cached_property
    def _sureness(self) -> np.ndarray:
        """How sure it is that each thing is one, [T]: an IoU of 0.5 is no agreement."""
        return np.clip(2 * self.things.agreement - 1, 0, 1)

    @cached_property
    def _gaps(self) -> np.ndarray:
        """How far a click on each thing reaches out before it meets a larger one, [T].

        Logarithm of the sizes' ratio, as is to be expected: each larger thing is one
        as surely as views agree on it, and the scene is one for certain.
        """
        gaps = np.zeros(len(self.sizes))
        order = self._smallest_first
        for thing, size in enumerate(self.sizes):
            wholes = order[self.is_part[thing, order]]
            sizes = np.append(self.sizes[wholes], self.selected.shape[0])
            stops = np.append(self._sureness[wholes], 1)
            arrives = np.append(1, np.cumprod(1 - stops[:-1]))
            gaps[thing] = (arrives * stops) @ np.log(sizes / max(size, 1))
        return gaps

    def cut(self, scale: float) -> np.ndarray:
        """The things that stand out most in all, each by its size; no two overlap."""
        prominence = self.prominence(scale)
        worth = prominence * self.sizes
        overlap = np.maximum(self.within, self.within.T) > OVERLAP
        while True:
            chosen = self._best_of_tree(worth)
            ahead = chosen[np.argsort(-prominence[chosen], kind="stable")]
            outdone = np.tril(overlap[np.ix_(ahead, ahead)], -1).any(axis=1)
            if not outdone.any():
                return chosen
            worth[ahead[outdone.argmax()]] = 0  # for the next ones it is not in the way

    def _best_of_tree(self, worth: np.ndarray) -> np.ndarray:
        """The things, none part of another, that are worth most in all, in order."""
        of_parts = np.zeros_like(worth)
        for thing in self._smallest_first:  # parts come before their wholes
            if self.parents[thing] >= 0:
                of_parts[self.parents[thing]] += max(worth[thing], of_parts[thing])
        chosen, covered = [], np.zeros(len(worth), bool)
        for thing in self._smallest_first[::-1]:
            parent = self.parents[thing]
            covered[thing] = parent >= 0 and covered[parent]
            if not covered[thing] and worth[thing] > 0 and worth[thing] >= of_parts[thing]:
                chosen.append(thing)
                covered[thing] = True
        return np.sort(np.array(chosen, np.int64))
