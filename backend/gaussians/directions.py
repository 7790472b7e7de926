"""Directions in space."""

import numpy as np


def fibonacci(count: int) -> np.ndarray:
    """Directions spread evenly over the sphere, float64 [count, 3]: a Fibonacci lattice."""
    k = np.arange(count) + 0.5
    z, angle = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    radius = np.sqrt(1 - z * z)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), z])
