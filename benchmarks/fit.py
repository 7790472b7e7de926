"""How well selections, masks and clusterings fit each other."""

import numpy as np


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boolean arrays, at least one of which is not empty."""
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def best_ious(masks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The IoU of each of masks [A, ...] with the one of others [B, ...] that fits it best, [A]."""
    shared, sizes, of_others = _overlaps(masks, others)
    return (shared / (sizes[:, None] + of_others - shared)).max(axis=1)


def purity(masks: np.ndarray, others: np.ndarray) -> float:
    """Mean over masks [A, ...] of the share of each that one of others [B, ...] holds."""
    shared, sizes, _ = _overlaps(masks, others)
    return float((shared.max(axis=1) / sizes).mean())


def each(labels: np.ndarray) -> np.ndarray:
    """Labels [N] from 0, -1 for none, as the mask of each of them: boolean [L, N]."""
    return labels == np.arange(labels.max() + 1)[:, None]


def _overlaps(masks: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each two share, [A, B], and their sizes, [A] and [B]: float32, exact up to 2^24."""
    a, b = (m.reshape(len(m), -1).astype(np.float32) for m in (masks, others))
    return a @ b.T, a.sum(axis=1), b.sum(axis=1)
