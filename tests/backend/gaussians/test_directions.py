"""Directions in space."""

import numpy as np

from backend.gaussians.directions import fibonacci


def test_no_direction_is_far_from_one_of_the_lattice_nor_two_of_them_close():
    lattice = fibonacci(400)
    np.testing.assert_allclose(np.linalg.norm(lattice, axis=1), 1)
    anywhere = np.random.default_rng(0).normal(size=(5000, 3))
    anywhere /= np.linalg.norm(anywhere, axis=1, keepdims=True)
    share = np.sqrt(4 * np.pi / 400)  # the side of a square as large as each one's part
    assert np.arccos((anywhere @ lattice.T).max(axis=1)).max() < share
    assert np.arccos((lattice @ lattice.T - 2 * np.eye(400)).max(axis=1)).min() > share / 2
