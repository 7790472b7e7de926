"""Some of many: evenly spread, or at random."""

import numpy as np


def strided(count: int, most: int) -> slice:
    """Every so many-th of a count: `most` at most, and at least half of it where there are."""
    return slice(None, None, max(1, -(-count // most)))


def random_share(
    index: np.ndarray, share: float, least: int, rng: np.random.Generator
) -> np.ndarray:
    """A share of some indices, but so many at least where there are so many; in order."""
    count = max(round(share * len(index)), min(least, len(index)))
    return np.sort(rng.choice(index, count, replace=False))
