"""Things within things: which of them a click points at, and which make up a scene."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from ..affinity.things import SURELY, Things
from ..rendering.rasterizer import RayContributions
from .anchors import THRESHOLD

WITHIN = 0.8  # share of a thing that lies in another from which it is part of that
SMALLER = 0.85  # size of a part at most, in sizes of the whole
NEAR = 0.2  # difference of scales beyond which a thing is not what a scale asks for
OBJECT = 1.75  # how much likelier an object of the best cut is meant than what stands out as much
APART = 0.02  # least difference of scales between a whole and its part
WHOLE, SPREAD = 0.5, 0.3  # scales of whole things, rather than of their parts or of groups


@dataclass(frozen=True)
class ThingTree:
    """T things among M Gaussians."""

    selected: sp.csr_array  # [M, T] boolean
    sizes: np.ndarray  # [T] Gaussians
    parents: np.ndarray  # [T] the smallest thing that each is part of, -1 for none
    scales: np.ndarray  # [T] in [0, 1], those of parts below those of their wholes
    things: Things

    @classmethod
    def of(cls, things: Things, subset: np.ndarray | None = None) -> "ThingTree":
        """The things among all Gaussians, or those that are mostly among some, [M] indices."""
        selected = things.selected(THRESHOLD)
        if subset is not None:
            here = selected.tocsr()[subset].tocsc()
            kept = np.flatnonzero(np.diff(here.indptr) > 0.5 * np.diff(selected.indptr))
            things = Things(things.belonging[:, kept], things.scales[kept])
            selected = here[:, kept]
        selected = selected.tocsr()
        counts = selected.astype(np.float32)
        sizes = counts.sum(axis=0)
        within = (counts.T @ counts).toarray() / np.maximum(sizes, 1)[:, None]
        is_part = (within > WITHIN) & (sizes[:, None] < SMALLER * sizes)
        parents = np.where(is_part, sizes, np.inf).argmin(axis=1) if len(sizes) else sizes
        parents = np.where(is_part.any(axis=1), parents, -1).astype(np.int64)
        return cls(selected, sizes, parents, _ordered(things.scales, sizes, parents), things)

    def around(self, traced: RayContributions) -> np.ndarray:
        """The things that most of what is traced belongs to, smallest first."""
        share = self.selected[traced.gaussians].T.astype(np.float32) @ traced.weights
        around = np.flatnonzero(share > 0.5 * traced.weights.sum())
        return around[np.argsort(self.sizes[around], kind="stable")]

    def belong(self, thing: int, threshold: float) -> np.ndarray:
        """Which Gaussians belong to a thing more surely than a threshold, boolean [N]."""
        belonging = self.things.belonging
        some = slice(*belonging.indptr[thing : thing + 2])
        mask = np.zeros(belonging.shape[0], bool)
        mask[belonging.indices[some]] = belonging.data[some] > max(threshold, 0) * SURELY
        return mask

    def likeliest(self, around: np.ndarray) -> int:
        """The thing of some that is most likely meant: what stands out, objects above all."""
        weight = np.where(np.isin(around, self.objects), OBJECT, 1.0)
        return int(around[(weight * self.prominence(WHOLE)[around]).argmax()])

    def nearest(self, around: np.ndarray, scale: float) -> int:
        """The thing of some whose scale is nearest."""
        return int(around[np.abs(self.scales[around] - scale).argmin()])

    @cached_property
    def objects(self) -> np.ndarray:
        """The things that the scene is made up of, as one would name them."""
        return self.cut(WHOLE)

    def prominence(self, scale: float) -> np.ndarray:
        """How much each thing stands out at a scale, [T], all positive.

        A thing stands out when it is far smaller than what it is part of, as a click
        that reaches out from it meets nothing for long; and when it has about the scale.
        """
        whole = np.where(self.parents >= 0, self.sizes[self.parents], self.selected.shape[0])
        gap = np.log(np.maximum(whole, 1) / np.maximum(self.sizes, 1))
        return gap * np.exp(-(((self.scales - scale) / SPREAD) ** 2) / 2)

    def cut(self, scale: float) -> np.ndarray:
        """The things, none part of another, that stand out most in all, each by its size."""
        own = self.prominence(scale) * self.sizes
        of_parts = np.zeros_like(own)
        order = np.argsort(self.sizes, kind="stable")
        for thing in order:  # parts come before their wholes
            if self.parents[thing] >= 0:
                of_parts[self.parents[thing]] += max(own[thing], of_parts[thing])
        chosen, covered = [], np.zeros(len(own), bool)
        for thing in order[::-1]:
            parent = self.parents[thing]
            covered[thing] = parent >= 0 and covered[parent]
            if not covered[thing] and own[thing] > 0 and own[thing] >= of_parts[thing]:
                chosen.append(thing)
                covered[thing] = True
        return np.sort(np.array(chosen, np.int64))


def _ordered(scales: np.ndarray, sizes: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Scales [T] that tell a whole from a part that makes up most of it: a mug from its body."""
    ordered = scales.copy()
    for part in np.argsort(sizes, kind="stable"):  # parts come before their wholes
        whole = parents[part]
        if whole >= 0:
            ordered[whole] = min(max(ordered[whole], ordered[part] + APART), 1)
    return ordered
