"""What the graphics card is told of Gaussians, as arrays: no Blender in here."""

from math import pi, sqrt

import numpy as np

from ...backend.gaussians.quaternions import matrices_from_quats

TEXELS = 4  # of four floats, for each Gaussian
MIN_ALPHA = 1 / 255  # fainter is not seen
SELECTED_COLOR = np.array((1.0, 0.45, 0.05), np.float32)
PREVIEW_COLOR = np.array((0.15, 0.65, 1.0), np.float32)

_SH0 = sqrt(1 / (4 * pi))
_TINT = 0.6  # how much of SELECTED_COLOR a selected Gaussian takes
_DEPTH_STEPS = 0xFFFE  # sorting 16-bit numbers is a radix sort, five times faster than floats


def display_colors(base: np.ndarray, selected: np.ndarray) -> np.ndarray:
    """RGB [N, 3] in 0..1, as displayed, seen from everywhere alike: SH of degree 0.

    Args:
        base: [N, 4], the coefficients and the opacity (`radiance:base`).
        selected: boolean [N]; these are tinted.
    """
    colors = np.clip(base[:, :3] * np.float32(_SH0) + np.float32(0.5), 0, 1)
    colors[selected] += np.float32(_TINT) * (SELECTED_COLOR - colors[selected])
    return colors


def records(
    means: np.ndarray,
    scales: np.ndarray,
    quats: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
    frame: np.ndarray,
) -> np.ndarray:
    """The texels [N, TEXELS, 4] that the splat shader reads, in the world frame.

    (mean, opacity), (covariance xx, xy, xz, yy), (covariance yz, zz, 0, 0), (RGB, 0)

    Args:
        means, scales [N, 3], quats [N, 4]: in the object's frame.
        frame: [4, 4], from there to the world; may be sheared.
    """
    frame = frame.astype(np.float32)
    texels = np.zeros((len(means), TEXELS, 4), np.float32)
    texels[:, 0, :3] = means @ frame[:3, :3].T + frame[:3, 3]
    texels[:, 0, 3] = opacities
    axes = matrices_from_quats(quats)
    axes *= scales[:, None, :]
    x, y, z = np.moveaxis(frame[:3, :3] @ axes, 1, 0)  # rows of frame R S, each [N, 3]
    for k, (a, b) in enumerate(((x, x), (x, y), (x, z), (y, y), (y, z), (z, z))):
        texels[:, 1 + k // 4, k % 4] = np.einsum("nk,nk->n", a, b)
    texels[:, 3, :3] = colors
    return texels


def back_to_front(heads: np.ndarray, view_projection: np.ndarray) -> np.ndarray:
    """Which Gaussians to draw, the farthest first: int [M], those that can be in the picture.

    Args:
        heads: the first texels of `records`, [N, 4].
        view_projection: [4, 4], from the world to OpenGL's clip space.
    """
    means, opacities = heads[:, :3], heads[:, 3]
    rows = view_projection.astype(np.float32)
    x, y, z, w = (means @ row[:3] + row[3] for row in rows)
    margin = np.float32(1.3) * np.abs(w)  # a wide Gaussian reaches in from beside the picture
    inside = (np.abs(x) < margin) & (np.abs(y) < margin) & (np.abs(z) < np.abs(w))
    kept = np.flatnonzero(inside & (w > 0) & (opacities >= MIN_ALPHA))
    if not len(kept):
        return kept
    depths = z[kept] if np.ptp(w[kept]) == 0 else w[kept]  # orthographic: w is 1 everywhere
    nearest, farthest = depths.min(), depths.max()
    span = np.maximum(farthest - nearest, np.finfo(np.float32).tiny)
    steps = ((farthest - depths) * (_DEPTH_STEPS / span)).astype(np.uint16)
    return kept[np.argsort(steps, kind="stable")]


def sample(count: int, limit: int) -> slice | np.ndarray:
    """At most `limit` of `count` rows, drawn by chance but the same every time."""
    if count <= limit:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(count, limit, replace=False))
