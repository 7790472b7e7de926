"""Local feature smoothing: the mean feature over a Gaussian's neighbours (Sec. 3.3)."""

import numpy as np
import torch.nn.functional as F
from scipy.spatial import cKDTree
from torch import Tensor


def nearest_neighbours(means: np.ndarray, k: int) -> np.ndarray:
    """Indices of the k nearest Gaussians of each Gaussian, itself included.

    Args:
        means: [N, 3].
        k: neighbours; fewer when the cloud is smaller.

    Returns:
        [N, min(k, N)] int32.
    """
    _, neighbours = cKDTree(means).query(means, k=min(k, len(means)), workers=-1)
    return neighbours.reshape(len(means), -1).astype(np.int32)


def smooth(features: Tensor, neighbours: Tensor) -> Tensor:
    """Mean feature over each row of neighbours.

    Args:
        features: [N, D].
        neighbours: [U, K] indices into features.

    Returns:
        [U, D], differentiable in features.
    """
    return F.embedding_bag(neighbours, features, mode="mean")
