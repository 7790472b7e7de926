"""The 3D scale of a 2D mask (Eq. 2)."""

import numpy as np


def mask_scales(points: np.ndarray, membership: np.ndarray) -> np.ndarray:
    """Twice the root of the summed coordinate variances of each mask's points (Eq. 2).

    Args:
        points: [P, 3] world points of pixels.
        membership: [P, M] boolean, whether a pixel lies in a mask.

    Returns:
        [M] float64 in scene units; 0 for a mask of fewer than two points,
        which has no extent to measure.
    """
    centred = points - points.mean(axis=0) if len(points) else points  # squares stay precise
    inside = membership.T.astype(np.float64)
    counts = inside.sum(axis=1)
    safe = np.maximum(counts, 1)[:, None]
    mean = inside @ centred / safe
    variance = inside @ centred**2 / safe - mean**2
    scales = 2.0 * np.sqrt(np.clip(variance, 0, None).sum(axis=1))
    return np.where(counts >= 2, scales, 0.0)
