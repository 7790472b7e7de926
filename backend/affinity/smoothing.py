"""Local feature smoothing: the mean feature over a Gaussian's neighbours (Sec. 3.3)."""

import numpy as np
import torch.nn.functional as F
from scipy.spatial import cKDTree
from torch import Tensor

from ..progress import Report, silent

ROWS = 50_000  # done at once, so that a cancel is heard in between


def nearest_neighbours(means: np.ndarray, k: int, report: Report = silent) -> np.ndarray:
    """Indices of the k nearest Gaussians of each Gaussian, itself included.

    Args:
        means: [N, 3].
        k: neighbours; fewer when the cloud is smaller.
        report: told the share that is done.

    Returns:
        [N, min(k, N)] int32.
    """
    count, k = len(means), min(k, len(means))
    tree = cKDTree(means)
    neighbours = np.empty((count, k), np.int32)
    for start in range(0, count, ROWS):
        report("Finding neighbours", start / count)
        _, found = tree.query(means[start : start + ROWS], k=k, workers=-1)
        neighbours[start : start + ROWS] = found.reshape(-1, k)
    report("Finding neighbours", 1.0)
    return neighbours


def smooth(features: Tensor, neighbours: Tensor) -> Tensor:
    """Mean feature over each row of neighbours.

    Args:
        features: [N, D].
        neighbours: [U, K] indices into features.

    Returns:
        [U, D], differentiable in features.
    """
    return F.embedding_bag(neighbours, features, mode="mean")
