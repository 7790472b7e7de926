"""Intersection over union, from what is counted of two sets."""

import numpy as np


def iou(shared: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """IoU of sets by how much they share and how large each is; 0 of two that are empty."""
    return shared / np.maximum(one + other - shared, 1)


def count_bits(bits: np.ndarray) -> np.ndarray:
    """How many bits of unsigned integers [..., B] are set: int64 [...]."""
    return np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)


def iou_of_bits(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of a set of bits [B] with each of others [T, B]: [T]."""
    return iou(count_bits(one & others), count_bits(one), count_bits(others))
