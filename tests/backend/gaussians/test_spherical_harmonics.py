import numpy as np
import pytest

from backend.gaussians.spherical_harmonics import rotate_sh, sh_basis, sh_colors

A = 1 / np.sqrt(3)

# Worked out by hand from the polynomials of the reference renderer.
BASIS_BY_HAND = {
    (0, 0, 1): {0: 0.2820948, 2: 0.4886025, 6: 0.6307831, 12: 0.7463527},
    (1, 0, 0): {0: 0.2820948, 3: -0.4886025, 6: -0.3153916, 8: 0.5462742}
    | {13: 0.4570458, 15: -0.5900436},
    (0, 1, 0): {0: 0.2820948, 1: -0.4886025, 6: -0.3153916, 8: -0.5462742}
    | {9: 0.5900436, 11: 0.4570458},
    (A, A, A): {0: 0.2820948, 1: -0.2820948, 2: 0.2820948, 3: -0.2820948}
    | {4: 0.3641828, 5: -0.3641828, 7: -0.3641828}
    | {9: -0.2271079, 10: 0.5562984, 11: -0.1759170, 12: -0.2872713, 13: -0.1759170}
    | {15: 0.2271079},
    (0.6, 0, 0.8): {0: 0.2820948, 2: 0.3908820, 3: -0.2931615}
    | {6: 0.2901603, 7: -0.5244232, 8: 0.1966587}
    | {12: 0.0597082, 13: -0.6033005, 14: 0.4162480, 15: -0.1274494},
}


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    q *= np.sign(np.diag(r))
    return q * np.linalg.det(q)


@pytest.mark.parametrize("direction", BASIS_BY_HAND)
def test_basis_has_the_values_worked_out_by_hand(direction):
    expected = np.zeros(16)
    for index, value in BASIS_BY_HAND[direction].items():
        expected[index] = value
    np.testing.assert_allclose(sh_basis(np.array([direction]), 3)[0], expected, atol=1e-7)


def test_basis_is_orthonormal_on_the_sphere():
    z, weights = np.polynomial.legendre.leggauss(8)  # exact for what degree 3 needs
    azimuth = np.arange(16) * np.pi / 8
    z, azimuth = (grid.ravel() for grid in np.meshgrid(z, azimuth, indexing="ij"))
    r = np.sqrt(1 - z * z)
    basis = sh_basis(np.stack([r * np.cos(azimuth), r * np.sin(azimuth), z], 1), 3)
    gram = basis.T @ (basis * np.repeat(weights, 16)[:, None]) * np.pi / 8
    np.testing.assert_allclose(gram, np.eye(16), atol=1e-12)


def test_colors_add_half_and_never_go_below_black():
    sh = np.zeros((3, 4, 3))
    sh[0, 0] = [1, 0, -1]  # f_dc only: 0.2820948 c + 0.5
    sh[1, 2] = [1, -2, 0]  # 0.4886025 z c + 0.5
    sh[2, 3] = [1, 1, 1]  # looked at along y, x plays no part
    directions = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    expected = [[0.7820948, 0.5, 0.2179052], [0.9886025, 0, 0.5], [0.5, 0.5, 0.5]]
    np.testing.assert_allclose(sh_colors(sh, directions), expected, atol=1e-7)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_colors_are_seen_from_turned_directions(degree, mirrored):
    rng = np.random.default_rng(degree)
    orthogonal = random_rotation(rng) * (-1 if mirrored else 1)
    sh = rng.standard_normal((200, (degree + 1) ** 2, 3))
    directions = rng.standard_normal((200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    turned = sh_colors(rotate_sh(sh, orthogonal), directions @ orthogonal.T)
    np.testing.assert_allclose(turned, sh_colors(sh, directions), atol=1e-12)


def test_turning_keeps_base_colors_and_empty_degrees_to_the_bit():
    sh = np.random.default_rng(0).standard_normal((50, 16, 3), dtype=np.float32)
    sh[:, 9:] = 0  # trained to degree 2, padded to 3
    turned = rotate_sh(sh, random_rotation(np.random.default_rng(1)))
    np.testing.assert_array_equal(turned[:, 0], sh[:, 0])
    np.testing.assert_array_equal(turned[:, 9:], 0)
    assert turned.dtype == np.float32
