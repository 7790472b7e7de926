"""Which of the selected Gaussians hang together in space."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from ..affinity.smoothing import nearest_neighbours
from ..progress import Report, silent
from ..rendering.rasterizer import RayContributions

NEIGHBOURS = 16


def connected_to(
    means: np.ndarray,
    mask: np.ndarray,
    marks: Sequence[RayContributions],
    report: Report = silent,
) -> np.ndarray:
    """The parts of a selection that hang together with what was clicked, boolean [N].

    Of each mark it is the part that shows most in it: others may shine through.
    Two selected Gaussians hang together when one is among the nearest of the
    other, among the selected ones. Things apart do not: each has neighbours
    enough of its own.

    Args:
        means: [N, 3].
        mask: boolean [N], the selection.
        marks: traced pixels that were clicked; one that shows nothing selected does not count.
        report: told the share that is done.
    """
    selected = np.flatnonzero(mask)
    if len(selected) == 0:
        return mask
    neighbours = nearest_neighbours(means[selected], NEIGHBOURS, report)
    rows = np.repeat(np.arange(len(selected)), neighbours.shape[1])
    graph = sp.csr_array(
        (np.ones(len(rows), bool), (rows, neighbours.ravel())), (len(selected),) * 2
    )
    part = np.full(len(mask), -1)
    _, part[selected] = connected_components(graph, directed=False)
    clicked = []
    for traced in marks:
        shown = np.bincount(part[traced.gaussians] + 1, traced.weights)[1:]
        if len(shown):
            clicked.append(shown.argmax())
    return np.isin(part, clicked)
