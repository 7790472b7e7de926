"""Moving, turning, scaling, mirroring and shearing a cloud."""

from dataclasses import replace

import numpy as np

from ..errors import BadInput
from .cloud import GaussianCloud
from .columns import NORMALS
from .quaternions import matrices_from_quats, quat_from_matrix, quat_multiply
from .spherical_harmonics import rotate_sh

IDENTITY_TOLERANCE = 1e-6  # relative; what float32 matrices of the same place differ by
SIMILARITY_TOLERANCE = 1e-5  # relative; below it a scale is as even as anyone can see
MAX_CONDITION = 1e9  # largest over smallest stretch; beyond, a map flattens
CLEAR_IT = "Clear the object's transform and place it again."
ROWS = 65536  # Gaussians at once, which bounds the float64 copies


def transform(cloud: GaussianCloud, matrix: np.ndarray) -> GaussianCloud:
    """Put a cloud through an affine map, so that it looks as the mapped scene does.

    Colours turn with the cloud; a shear or uneven scale turns them by its
    orthogonal polar factor. A matrix within 1e-6 of the identity (translation
    relative to the median distance from the origin) gives back the cloud itself.

    Args:
        cloud: in any frame.
        matrix: [4, 4], maps points as column vectors from the cloud's frame.

    Raises:
        BadInput: the matrix is not finite, not affine, or flattens the cloud.
    """
    linear, translation = _affine_parts(matrix)
    if _is_identity(cloud, linear, translation):
        return cloud
    left, stretch, right = np.linalg.svd(linear)
    orthogonal = left @ right
    if np.ptp(stretch) <= SIMILARITY_TOLERANCE * stretch[0]:
        quats, log_scales = _turned_and_scaled(cloud, orthogonal, stretch.mean())
    else:
        quats, log_scales = _deformed(cloud, linear)
    means = cloud.means @ linear.T + translation
    if not np.abs(means).max(initial=0) <= np.finfo(np.float32).max:
        raise BadInput("The transform moves the object beyond all numbers.", CLEAR_IT)
    turns = not np.allclose(orthogonal, np.eye(3), rtol=0, atol=IDENTITY_TOLERANCE)
    return replace(
        cloud,
        means=means.astype(np.float32),
        quats=quats,
        log_scales=log_scales,
        sh=rotate_sh(cloud.sh, orthogonal) if turns else cloud.sh,
        extra=cloud.extra | _mapped_normals(cloud, linear),
    )


def _affine_parts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The linear part [3, 3] and the translation [3] of a usable matrix, float64."""
    matrix = np.asarray(matrix, np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise BadInput("The object's transform is not made of finite numbers.", CLEAR_IT)
    if not np.allclose(matrix[3], (0, 0, 0, 1), rtol=0, atol=IDENTITY_TOLERANCE):
        raise BadInput("The transform is a perspective.", "Use move, rotate, scale or shear only.")
    if not np.linalg.cond(matrix[:3, :3]) < MAX_CONDITION:
        raise BadInput(
            "The transform flattens the object to nothing.",
            "Give the object a scale other than 0 on every axis.",
        )
    return matrix[:3, :3], matrix[:3, 3]


def _is_identity(cloud: GaussianCloud, linear: np.ndarray, translation: np.ndarray) -> bool:
    if not np.allclose(linear, np.eye(3), rtol=0, atol=IDENTITY_TOLERANCE):
        return False
    if not translation.any():
        return True
    # The median, because a few far floaters must not hide a real move.
    extent = np.median(np.linalg.norm(cloud.means, axis=1)) if len(cloud) else 0
    return bool(np.abs(translation).max() <= IDENTITY_TOLERANCE * extent)


def _turned_and_scaled(
    cloud: GaussianCloud, orthogonal: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Quaternions and log scales after an orthogonal map and an even scale."""
    quats, log_scales = cloud.quats, cloud.log_scales
    # A Gaussian is its own image in its mean, so a reflection turns it as the
    # rotation does that is left when all three axes are flipped.
    rotation = orthogonal * np.sign(np.linalg.det(orthogonal))
    if not np.allclose(rotation, np.eye(3), rtol=0, atol=IDENTITY_TOLERANCE):
        quats = quat_multiply(quat_from_matrix(rotation).astype(np.float32), cloud.rotations)
    if abs(scale - 1) > IDENTITY_TOLERANCE:
        log_scales = log_scales + np.float32(np.log(scale))
    return quats, log_scales


def _deformed(cloud: GaussianCloud, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quaternions and log scales after any linear map M: of the covariance M S M^T.

    S is R diag(s)^2 R^T, so the left singular vectors and the singular values
    of M R diag(s) are the new axes and scales. Unlike the covariance's
    eigenvalues they keep their digits in needles and flakes.
    """
    quats, log_scales = np.empty_like(cloud.quats), np.empty_like(cloud.log_scales)
    for start in range(0, len(cloud), ROWS):
        part = slice(start, start + ROWS)
        logs = cloud.log_scales[part].astype(np.float64)
        largest = logs.max(axis=1, keepdims=True)  # taken out, so that exp stays in range
        rotations = matrices_from_quats(cloud.quats[part].astype(np.float64))
        axes, scales, _ = np.linalg.svd(linear @ rotations * np.exp(logs - largest)[:, None, :])
        axes[np.linalg.det(axes) < 0, :, 2] *= -1
        quats[part] = quat_from_matrix(axes)
        log_scales[part] = np.log(np.maximum(scales, np.finfo(np.float64).tiny)) + largest
    return quats, log_scales


def _mapped_normals(cloud: GaussianCloud, linear: np.ndarray) -> dict[str, np.ndarray]:
    """The normals' columns, turned and of their former length; none where they are all zero."""
    if not all(name in cloud.extra for name in NORMALS):
        return {}
    normals = np.stack([cloud.extra[name] for name in NORMALS], axis=1)
    if not normals.any():
        return {}
    mapped = normals @ np.linalg.inv(linear)  # M^-T n, for row vectors
    lengths = np.linalg.norm(mapped, axis=1)
    mapped *= (np.linalg.norm(normals, axis=1) / np.where(lengths > 0, lengths, 1))[:, None]
    return {name: mapped[:, i].astype(cloud.extra[name].dtype) for i, name in enumerate(NORMALS)}
