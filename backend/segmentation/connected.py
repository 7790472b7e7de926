"""Which of the selected Gaussians hang together in space."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from ..affinity.smoothing import nearest_neighbours

NEIGHBOURS = 16


def connected_to(means: np.ndarray, mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The part of a selection that hangs together with what was clicked, boolean [N].

    Two selected Gaussians hang together when one is among the nearest of the
    other, among the selected ones. Things apart do not: each has neighbours
    enough of its own.

    Args:
        means: [N, 3].
        mask: boolean [N], the selection.
        seeds: indices of Gaussians that were clicked; those not selected do not count.
    """
    selected = np.flatnonzero(mask)
    if len(selected) == 0:
        return mask
    neighbours = nearest_neighbours(means[selected], NEIGHBOURS)
    rows = np.repeat(np.arange(len(selected)), neighbours.shape[1])
    graph = sp.csr_array(
        (np.ones(len(rows), bool), (rows, neighbours.ravel())), (len(selected),) * 2
    )
    _, component = connected_components(graph, directed=False)
    clicked = component[np.isin(selected, seeds)]
    connected = np.zeros_like(mask)
    connected[selected[np.isin(component, clicked)]] = True
    return connected
