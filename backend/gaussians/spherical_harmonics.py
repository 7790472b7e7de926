"""Colour that depends on the direction of view: real spherical harmonics as 3DGS uses them.

Basis functions in the order of the .ply: degree by degree, m from -l to l,
with the Condon-Shortley sign (Green, "Spherical Harmonic Lighting", 2003).
"""

from math import pi, sqrt

import numpy as np

from .directions import fibonacci


def sh_basis(directions: np.ndarray, degree: int) -> np.ndarray:
    """Values of the basis functions, [M, (degree + 1)^2], in unit directions [M, 3]."""
    x, y, z = directions.T
    dtype = np.result_type(directions, np.float32)
    basis = np.empty((len(directions), (degree + 1) ** 2), dtype)
    basis[:, 0] = sqrt(1 / (4 * pi))
    if degree >= 1:
        a = sqrt(3 / (4 * pi))
        basis[:, 1] = -a * y
        basis[:, 2] = a * z
        basis[:, 3] = -a * x
    if degree >= 2:
        a = sqrt(15 / (4 * pi))
        basis[:, 4] = a * x * y
        basis[:, 5] = -a * y * z
        basis[:, 6] = sqrt(5 / (16 * pi)) * (2 * z * z - x * x - y * y)
        basis[:, 7] = -a * x * z
        basis[:, 8] = a / 2 * (x * x - y * y)
    if degree >= 3:
        a, b, c = sqrt(35 / (32 * pi)), sqrt(105 / (4 * pi)), sqrt(21 / (32 * pi))
        basis[:, 9] = -a * y * (3 * x * x - y * y)
        basis[:, 10] = b * x * y * z
        basis[:, 11] = -c * y * (4 * z * z - x * x - y * y)
        basis[:, 12] = sqrt(7 / (16 * pi)) * z * (2 * z * z - 3 * x * x - 3 * y * y)
        basis[:, 13] = -c * x * (4 * z * z - x * x - y * y)
        basis[:, 14] = b / 2 * z * (x * x - y * y)
        basis[:, 15] = -a * x * (x * x - 3 * y * y)
    return basis


def sh_colors(sh: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """RGB [N, 3] (0 or more, 1 is white) of coefficients [N, K, 3] in unit directions [N, 3].

    Directions go from the camera to the Gaussian.
    """
    basis = sh_basis(directions, int(sqrt(sh.shape[1])) - 1)
    return np.maximum(np.einsum("nk,nkc->nc", basis, sh) + 0.5, 0)


def rotate_sh(sh: np.ndarray, orthogonal: np.ndarray) -> np.ndarray:
    """Coefficients [N, K, 3] whose colour in direction R d is that of `sh` in direction d.

    Args:
        sh: [N, K, 3].
        orthogonal: R, [3, 3], a rotation or a reflection.
    """
    # One matrix for all coefficients and channels makes this one large product
    # instead of N small ones.
    turn = np.kron(_coefficient_rotation(orthogonal, sh.shape[1]).T, np.eye(3))
    flat = sh.reshape(len(sh), len(turn))
    return (flat @ turn.astype(sh.dtype)).reshape(sh.shape)


def _coefficient_rotation(orthogonal: np.ndarray, coefficients: int) -> np.ndarray:
    """D [K, K] with B(R d) D = B(d) in every direction d, where B is the basis.

    Functions of one degree stay among themselves under any orthogonal map, so
    fitting each degree by least squares over enough directions is exact, and
    what is 0 throughout a degree stays 0.
    """
    degree = int(sqrt(coefficients)) - 1
    directions = fibonacci(64)
    before = sh_basis(directions, degree)
    after = sh_basis(directions @ np.asarray(orthogonal, np.float64).T, degree)
    turn = np.zeros((coefficients, coefficients))
    for band in range(degree + 1):
        part = slice(band**2, (band + 1) ** 2)
        turn[part, part] = np.linalg.lstsq(after[:, part], before[:, part], rcond=None)[0]
    return turn
