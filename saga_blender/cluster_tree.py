"""The things that a splat falls into, parts under objects: no Blender in here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class ClusterTree:
    """K clusters; a parent comes before its parts. Labels are int [N] from -1, for none, to K - 1.

    A Gaussian's label is the smallest part that it belongs to.
    """

    names: tuple[str, ...] = ()
    colors: tuple[tuple[float, float, float], ...] = ()  # RGB in [0, 1], as displayed
    parents: tuple[int, ...] = ()  # -1 for a whole object
    shown: tuple[bool, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def children(self) -> list[list[int]]:
        """The parts of each cluster; the last, at -1, are the whole objects."""
        children = [[] for _ in range(len(self) + 1)]
        for child, parent in enumerate(self.parents):
            children[parent].append(child)
        return children

    def depth_first(self, k: int = -1, depth: int = 0) -> list[tuple[int, int]]:
        """All under a cluster as (cluster, depth), each followed by its parts."""
        return [
            row
            for child in self.children[k]
            for row in [(child, depth), *self.depth_first(child, depth + 1)]
        ]

    def members(self, k: int, labels: np.ndarray) -> np.ndarray:
        """Which Gaussians belong to a cluster or to a part of it, boolean [N]."""
        return np.isin(labels, [k, *(part for part, _ in self.depth_first(k))])

    def sizes(self, labels: np.ndarray) -> list[int]:
        """How many Gaussians each cluster has, those of its parts among them."""
        sizes = np.bincount(labels + 1, minlength=len(self) + 1)[1:].tolist()
        for k in reversed(range(len(self))):
            if self.parents[k] >= 0:
                sizes[self.parents[k]] += sizes[k]
        return sizes

    def hidden(self, labels: np.ndarray) -> np.ndarray:
        """Which Gaussians belong to something that is not shown, boolean [N]."""
        hidden = np.zeros(len(self) + 1, bool)  # the last is for the label -1
        for k, parent in enumerate(self.parents):
            hidden[k] = not self.shown[k] or hidden[parent]
        return hidden[labels]

    def with_parts(
        self, k: int, names: Sequence[str], colors: Sequence[tuple[float, float, float]]
    ) -> "ClusterTree":
        """Further parts of a cluster, behind all others."""
        return ClusterTree(
            (*self.names, *names),
            (*self.colors, *colors),
            (*self.parents, *[k] * len(names)),
            (*self.shown, *[True] * len(names)),
        )

    def pruned(self, labels: np.ndarray) -> tuple["ClusterTree", np.ndarray]:
        """The clusters that have Gaussians, and the number that each had before has among them.

        The numbers are int32 [K + 1]: -1 for what is gone, and at the end for the label -1.
        """
        kept = [k for k, size in enumerate(self.sizes(labels)) if size]
        number = np.full(len(self) + 1, -1, np.int32)
        number[kept] = np.arange(len(kept))
        tree = ClusterTree(
            *(tuple(values[k] for k in kept) for values in (self.names, self.colors)),
            tuple(number[self.parents[k]].item() for k in kept),
            tuple(self.shown[k] for k in kept),
        )
        return tree, number


def united(
    trees: Sequence[ClusterTree], labels: Sequence[np.ndarray]
) -> tuple[ClusterTree, list[np.ndarray]]:
    """Several trees as one, and the labels in its numbers; what has the same path is the same."""
    whole, relabelled, known = ClusterTree(), [], {}
    for tree, own in zip(trees, labels, strict=True):
        number, paths = np.full(len(tree) + 1, -1, np.int32), []
        for k, (name, parent) in enumerate(zip(tree.names, tree.parents, strict=True)):
            paths.append((*(paths[parent] if parent >= 0 else ()), name))
            if paths[k] not in known:
                known[paths[k]] = len(whole)
                whole = whole.with_parts(int(number[parent]), [name], [tree.colors[k]])
                whole = replace(whole, shown=(*whole.shown[:-1], tree.shown[k]))
            number[k] = known[paths[k]]
        relabelled.append(number[own])
    return whole, relabelled


def innermost(levels: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """The smallest part that each Gaussian belongs to, int32 [N].

    A part counts only within the object it is a part of: at its edges, scales
    disagree about where a Gaussian belongs, and then the larger thing is right.

    Args:
        levels: int [S, N], the cluster at each scale, the largest scale first; -1 for none.
        parents: int [K].
    """
    labels = levels[0].astype(np.int32)
    for level in levels[1:]:
        inside = (level >= 0) & (np.append(parents, -1)[level] == labels)
        labels = np.where(inside, level, labels)
    return labels
