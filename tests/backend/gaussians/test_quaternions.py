import numpy as np
import pytest

from backend.gaussians.quaternions import (
    matrices_from_quats,
    quat_from_matrix,
    quat_multiply,
    unit_quats,
)


def test_quarter_turns_by_hand():
    half = np.sqrt(0.5)
    quats = np.array([[half, 0, 0, half], [3, 3, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]])
    expected = [
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],  # 90 degrees about z: x becomes y
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],  # 90 degrees about x, length 3 sqrt(2)
        [[-1, 0, 0], [0, 1, 0], [0, 0, -1]],  # 180 degrees about y
        np.eye(3),
    ]
    np.testing.assert_allclose(matrices_from_quats(quats), expected, atol=1e-15)


@pytest.mark.parametrize("length", [1e-44, 1e-20, 1e20, 2e38])
def test_quaternions_may_have_any_length(length):
    quats = np.float32([[1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 0]])
    expected = matrices_from_quats(quats)
    np.testing.assert_array_equal(matrices_from_quats(np.float32(length) * quats), expected)
    units = unit_quats(np.float32(length) * quats)
    assert units.dtype == np.float32
    np.testing.assert_allclose(units, quats / np.linalg.norm(quats, axis=1)[:, None], rtol=1e-6)


def test_no_quaternion_is_no_rotation():
    np.testing.assert_array_equal(unit_quats(np.zeros((2, 4))), [[1, 0, 0, 0]] * 2)


def test_products_of_quaternions_are_products_of_matrices():
    left, right = np.random.default_rng(0).standard_normal((2, 100, 4))
    product = matrices_from_quats(quat_multiply(left, right))
    expected = matrices_from_quats(left) @ matrices_from_quats(right)
    np.testing.assert_allclose(product, expected, atol=1e-13)


def test_quaternions_come_back_from_their_matrices():
    quats = np.random.default_rng(0).standard_normal((100, 4))
    half_turns = np.eye(4)[1:]  # w = 0, where the naive formula divides by nothing
    almost_half_turns = half_turns + np.array([1e-9, 0, 0, 0])
    quats = np.concatenate([quats, half_turns, almost_half_turns])
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    quats *= np.where(quats[:, :1] < 0, -1, 1)
    np.testing.assert_allclose(quat_from_matrix(matrices_from_quats(quats)), quats, atol=1e-14)
