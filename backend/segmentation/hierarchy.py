"""Clusters of several scales as one tree: parts under objects, with names and colours."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_GOLDEN = (np.sqrt(5) - 1) / 2  # turns of hue from one object to the next: never twice the same


@dataclass(frozen=True)
class Hierarchy:
    """K clusters of S levels, numbered through: the coarsest level first, the largest first."""

    labels: np.ndarray  # [S, N] int32: cluster of each Gaussian at each level, -1 for none
    parents: np.ndarray  # [K] int32: cluster of the level above, -1 for a whole object
    names: tuple[str, ...]  # "Object 2", and "Object 2.1" for its largest part
    colors: np.ndarray  # [K, 3] uint8 RGB


def nest(levels: Sequence[np.ndarray]) -> Hierarchy:
    """Put the clusters of each level under those of the level above.

    A cluster's parent is the one that holds most of it; it has none where most
    of it belongs to nothing.

    Args:
        levels: labels int32 [N] of each level, from 0, -1 for none; coarsest first.
    """
    labels, parents, first = [], [], 0
    for level in levels:
        count = level.max(initial=-1) + 1
        parents += [_holder(labels[-1][level == k]) if labels else -1 for k in range(count)]
        labels.append(np.where(level >= 0, level + first, -1).astype(np.int32))
        first += count
    return Hierarchy(
        np.stack(labels),
        np.array(parents, np.int32),
        tuple(_names(parents)),
        np.array([_color(k) for k in range(first)], np.uint8).reshape(-1, 3),
    )


def _holder(above: np.ndarray) -> int:
    """The cluster that most of a cluster's Gaussians have above them, -1 for none."""
    counts = np.bincount(above + 1)
    return int(counts.argmax()) - 1


def _names(parents: list[int]) -> list[str]:
    names, children = [], {}
    for parent in parents:
        children[parent] = children.get(parent, 0) + 1
        above = f"{names[parent]}." if parent >= 0 else "Object "
        names.append(f"{above}{children[parent]}")
    return names


def _color(k: int) -> list[int]:
    """Neighbouring numbers get hues far apart."""
    return [round(255 * c) for c in colorsys.hsv_to_rgb(k * _GOLDEN % 1, 0.65, 0.95)]
