"""Clouds to test with."""

from collections.abc import Callable

import numpy as np
import pytest

from backend.gaussians.cloud import GaussianCloud


@pytest.fixture
def make_cloud() -> Callable[..., GaussianCloud]:
    """A function that makes random clouds: make_cloud(count, degree, seed, **fields)."""

    def make(count: int = 5, degree: int = 3, seed: int = 0, **fields) -> GaussianCloud:
        rng = np.random.default_rng(seed)
        shapes = {
            "means": (count, 3),
            "quats": (count, 4),
            "log_scales": (count, 3),
            "opacity_logits": (count,),
            "sh": (count, (degree + 1) ** 2, 3),
        }
        values = {n: rng.standard_normal(s, dtype=np.float32) for n, s in shapes.items()}
        return GaussianCloud(**(values | fields))

    return make
