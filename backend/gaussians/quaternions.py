"""Rotations as quaternions (wxyz) and as matrices, many at a time."""

import numpy as np


def quat_multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Hamilton product, [..., 4] each, broadcast: turning by `right` first, then by `left`."""
    lw, lx, ly, lz = np.moveaxis(left, -1, 0)
    rw, rx, ry, rz = np.moveaxis(right, -1, 0)
    product = (
        lw * rw - lx * rx - ly * ry - lz * rz,
        lw * rx + lx * rw + ly * rz - lz * ry,
        lw * ry - lx * rz + ly * rw + lz * rx,
        lw * rz + lx * ry - ly * rx + lz * rw,
    )
    return np.stack(product, axis=-1)


def matrices_from_quats(quats: np.ndarray) -> np.ndarray:
    """Rotation matrices [N, 3, 3] of quaternions [N, 4] of any length; zero means no rotation."""
    w, x, y, z = _about_one(quats.T)
    squared_norm = w * w + x * x + y * y + z * z
    # The formula divides by the squared norm instead of normalising first; a
    # zero quaternion then has zero terms, which leaves the identity.
    s = 2 / np.where(squared_norm > 0, squared_norm, 1)
    rotation = np.empty((len(quats), 3, 3), s.dtype)
    rotation[:, 0, 0] = 1 - s * (y * y + z * z)
    rotation[:, 0, 1] = s * (x * y - w * z)
    rotation[:, 0, 2] = s * (x * z + w * y)
    rotation[:, 1, 0] = s * (x * y + w * z)
    rotation[:, 1, 1] = 1 - s * (x * x + z * z)
    rotation[:, 1, 2] = s * (y * z - w * x)
    rotation[:, 2, 0] = s * (x * z - w * y)
    rotation[:, 2, 1] = s * (y * z + w * x)
    rotation[:, 2, 2] = 1 - s * (x * x + y * y)
    return rotation


def unit_quats(quats: np.ndarray) -> np.ndarray:
    """Quaternions [N, 4] of any length at unit length; zero becomes no rotation."""
    components = _about_one(quats.T)
    norms = np.linalg.norm(components, axis=0)
    identity = np.array([[1], [0], [0], [0]], quats.dtype)
    return np.where(norms > 0, components / np.where(norms > 0, norms, 1), identity).T


def _about_one(components: np.ndarray) -> np.ndarray:
    """Quaternions [4, N] scaled to a length of about one, so that no square vanishes or overflows.

    Powers of two change no digit. What comes is contiguous: that is faster to compute with.
    """
    components = np.ascontiguousarray(components)
    _, exponents = np.frexp(np.abs(components).max(axis=0))
    return np.ldexp(components, -exponents)


def quat_from_matrix(rotation: np.ndarray) -> np.ndarray:
    """Unit quaternions [..., 4], w >= 0, of rotation matrices [..., 3, 3] of determinant +1."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.moveaxis(rotation, (-2, -1), (0, 1))
    # Row i is 4 q_i q, linear in the matrix. The row with the largest q_i is
    # the one that loses no digits.
    rows = [
        [1 + xx + yy + zz, zy - yz, xz - zx, yx - xy],
        [zy - yz, 1 + xx - yy - zz, xy + yx, xz + zx],
        [xz - zx, xy + yx, 1 - xx + yy - zz, yz + zy],
        [yx - xy, xz + zx, yz + zy, 1 - xx - yy + zz],
    ]
    outer = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    largest = np.diagonal(outer, axis1=-2, axis2=-1).argmax(axis=-1)
    quat = np.take_along_axis(outer, largest[..., None, None], axis=-2)[..., 0, :]
    quat /= np.linalg.norm(quat, axis=-1, keepdims=True)
    return np.where(quat[..., :1] < 0, -quat, quat)
