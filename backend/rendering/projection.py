"""Gaussians to screen-space splats, front to back (EWA splatting, Zwicker et al. 2002)."""

import math
from dataclasses import dataclass

import numba
import numpy as np

from ..cameras.camera import Camera
from ..gaussians.cloud import GaussianCloud
from ..gaussians.quaternions import matrices_from_quats

NEAR_PLANE = 0.01  # scene units
DILATION = 0.3  # px^2 added to both variances on the screen
FOV_MARGIN = 0.3  # the Jacobian is taken at most this far outside the image, in half fields of view
ALPHA_CUT = 1.0 / 255.0
TILE = 16  # pixels along the side of a tile

# One cache line per splat. With (dx, dy) from the mean to a pixel centre,
# u = ux dx + uy dy and v = vy dy give u^2 + v^2 = half the squared Mahalanobis
# distance, and alpha = exp(cutoff - u^2 - v^2) / 255. That is the Cholesky
# factor of the conic: the conic itself cancels badly for long thin splats.
SPLAT = np.dtype(
    [
        ("mean_x", "f8"),
        ("mean_y", "f8"),
        ("ux", "f8"),
        ("uy", "f8"),
        ("vy", "f8"),
        ("cutoff", "f4"),  # largest u^2 + v^2 that still gives alpha >= 1/255
        ("depth", "f4"),  # z in the camera's frame
        ("gaussian", "i4"),  # index into the cloud
        ("left", "i2"),  # tiles that the bounding box touches, last ones included
        ("right", "i2"),
        ("top", "i2"),
        ("bottom", "i2"),
    ],
    align=True,
)


@dataclass(frozen=True)
class ProjectionInput:
    """What projection reads of a cloud, computed once per cloud; C-contiguous float32."""

    means: np.ndarray  # [N, 3]
    axes: np.ndarray  # [N, 3, 3] rotation times scales: covariance = axes @ axes.T
    cutoffs: np.ndarray  # [N] ln(255 opacity); below zero nothing is ever drawn
    reaches: np.ndarray  # [N] 2 cutoff max(scale)^2, for the quick rejection


@dataclass(frozen=True)
class Projection:
    """The splats of one view that can touch its window."""

    splats: np.ndarray  # [N or M] SPLAT; only the rows that `order` names are filled
    order: np.ndarray  # [V] int64 rows of `splats` front to back; equal depths by index


def prepare(cloud: GaussianCloud) -> ProjectionInput:
    """Activate a cloud's parameters."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scales = cloud.scales
        # Opacity 0 has the cutoff -inf, absurd scales overflow: neither is ever drawn.
        cutoffs = np.log(cloud.opacities / ALPHA_CUT)
        axes = matrices_from_quats(cloud.quats) * scales[:, None, :]
        reaches = 2 * cutoffs * scales.max(axis=1, initial=0) ** 2
    arrays = (cloud.means, axes, cutoffs, reaches)
    return ProjectionInput(*(np.ascontiguousarray(array, np.float32) for array in arrays))


def project(
    source: ProjectionInput, camera: Camera, window: np.ndarray, among: np.ndarray | None = None
) -> Projection:
    """Project a cloud into a view, as gsplat's classic mode does.

    Nothing is cut at three sigma: the extent of a splat is the exact bounding
    box of alpha >= 1/255, sqrt(2 ln(255 opacity)) standard deviations. Gaussians
    nearer than the near plane and those without a finite projection are left out.

    Args:
        source: the cloud.
        camera: the view.
        window: [4] float64, first and last column, first and last row of the
            pixels that matter; splats that reach none of them are left out.
        among: int64 [M] ascending, Gaussians that may reach it; None is all.
    """
    among = np.arange(len(source.means)) if among is None else among
    count = len(among)
    bounds = np.linspace(0, count, numba.get_num_threads() + 1).astype(np.int64)
    stops = np.empty(len(bounds) - 1, np.int64)
    splats = np.empty(count, SPLAT)
    keys = np.empty(count, np.uint64)
    viewmat = np.ascontiguousarray(camera.world_to_camera, np.float64)
    _project(
        among, source.means, source.axes, source.cutoffs, source.reaches,
        viewmat, lens(camera), window, bounds, splats, keys, stops,
    )  # fmt: skip
    kept = [keys[start:stop] for start, stop in zip(bounds[:-1], stops, strict=True)]
    ordered = np.sort(np.concatenate(kept))
    return Projection(splats, (ordered & np.uint64(0xFFFFFFFF)).astype(np.int64))


def lens(camera: Camera) -> np.ndarray:
    """[8] focal lengths, principal point, and the slopes x/z, y/z that the Jacobian is kept in."""
    margin_x = FOV_MARGIN * 0.5 * camera.width / camera.fx
    margin_y = FOV_MARGIN * 0.5 * camera.height / camera.fy
    return np.array([
        camera.fx, camera.fy, camera.cx, camera.cy,
        -camera.cx / camera.fx - margin_x, (camera.width - camera.cx) / camera.fx + margin_x,
        -camera.cy / camera.fy - margin_y, (camera.height - camera.cy) / camera.fy + margin_y,
    ])  # fmt: skip


@numba.njit(parallel=True, cache=True, error_model="numpy")
def _project(
    among, means, axes, cutoffs, reaches, viewmat, lens, window, bounds, splats, keys, stops
):  # fmt: skip
    """Fill each block's rows of `splats` from its start; a key is depth bits above the row."""
    for block in numba.prange(len(stops)):
        row = bounds[block]
        for i in among[bounds[block] : bounds[block + 1]]:
            if _project_one(
                means[i], axes[i], cutoffs[i], reaches[i], viewmat, lens, window, splats[row]
            ):
                splats[row].gaussian = i
                depth_bits = np.float32(splats[row].depth).view(np.uint32)  # in order, as depth > 0
                keys[row] = (np.uint64(depth_bits) << np.uint64(32)) | np.uint64(row)
                row += 1
        stops[block] = row


@numba.njit(error_model="numpy")
def _project_one(mean, axes, cutoff, reach, viewmat, lens, window, splat):
    """Fill `splat`; False when the Gaussian cannot be seen in the window."""
    x = viewmat[0, 0] * mean[0] + viewmat[0, 1] * mean[1] + viewmat[0, 2] * mean[2] + viewmat[0, 3]
    y = viewmat[1, 0] * mean[0] + viewmat[1, 1] * mean[1] + viewmat[1, 2] * mean[2] + viewmat[1, 3]
    z = viewmat[2, 0] * mean[0] + viewmat[2, 1] * mean[1] + viewmat[2, 2] * mean[2] + viewmat[2, 3]
    if not (z >= NEAR_PLANE and cutoff >= 0):
        return False
    scale_x, scale_y = lens[0] / z, lens[1] / z
    column, row = scale_x * x + lens[2] - 0.5, scale_y * y + lens[3] - 0.5
    slope_x = min(max(x / z, lens[4]), lens[5])
    slope_y = min(max(y / z, lens[6]), lens[7])
    # No variance exceeds |row of J|^2 max(scale)^2: most of what is off the window ends here.
    blur = 2 * cutoff * DILATION
    if (
        _gap(column, window[0], window[1]) ** 2 > blur + scale_x**2 * (1 + slope_x**2) * reach
        or _gap(row, window[2], window[3]) ** 2 > blur + scale_y**2 * (1 + slope_y**2) * reach
    ):
        return False

    var_x, var_y, cov, det = _screen_covariance(axes, viewmat, scale_x, scale_y, slope_x, slope_y)
    if not det < np.inf:  # not finite
        return False
    extent_x, extent_y = math.sqrt(2 * cutoff * var_x), math.sqrt(2 * cutoff * var_y)
    left = max(math.ceil(column - extent_x), window[0])
    right = min(math.floor(column + extent_x), window[1])
    top = max(math.ceil(row - extent_y), window[2])
    bottom = min(math.floor(row + extent_y), window[3])
    if left > right or top > bottom:
        return False

    splat.mean_x, splat.mean_y = column + 0.5, row + 0.5
    splat.ux = math.sqrt(0.5 * var_y / det)
    splat.uy = -splat.ux * cov / var_y
    splat.vy = math.sqrt(0.5 / var_y)
    splat.cutoff, splat.depth = cutoff, z
    splat.left, splat.right = int(left) // TILE, int(right) // TILE
    splat.top, splat.bottom = int(top) // TILE, int(bottom) // TILE
    return True


@numba.njit(error_model="numpy")
def _gap(value, low, high):
    """How far a value lies outside [low, high]."""
    return max(low - value, value - high, 0.0)


@numba.njit(error_model="numpy")
def _screen_covariance(axes, viewmat, scale_x, scale_y, slope_x, slope_y):
    """J W (axes axes^T) W^T J^T, dilated: both variances, the covariance, the determinant."""
    jx0 = scale_x * (viewmat[0, 0] - slope_x * viewmat[2, 0])
    jx1 = scale_x * (viewmat[0, 1] - slope_x * viewmat[2, 1])
    jx2 = scale_x * (viewmat[0, 2] - slope_x * viewmat[2, 2])
    jy0 = scale_y * (viewmat[1, 0] - slope_y * viewmat[2, 0])
    jy1 = scale_y * (viewmat[1, 1] - slope_y * viewmat[2, 1])
    jy2 = scale_y * (viewmat[1, 2] - slope_y * viewmat[2, 2])
    ax = jx0 * axes[0, 0] + jx1 * axes[1, 0] + jx2 * axes[2, 0]  # the three axes on the screen
    ay = jy0 * axes[0, 0] + jy1 * axes[1, 0] + jy2 * axes[2, 0]
    bx = jx0 * axes[0, 1] + jx1 * axes[1, 1] + jx2 * axes[2, 1]
    by = jy0 * axes[0, 1] + jy1 * axes[1, 1] + jy2 * axes[2, 1]
    cx = jx0 * axes[0, 2] + jx1 * axes[1, 2] + jx2 * axes[2, 2]
    cy = jy0 * axes[0, 2] + jy1 * axes[1, 2] + jy2 * axes[2, 2]
    var_x = ax * ax + bx * bx + cx * cx
    var_y = ay * ay + by * by + cy * cy
    cov = ax * ay + bx * by + cx * cy
    # Cauchy-Binet: a sum of squares, where var_x var_y - cov^2 would cancel.
    area2 = (ax * by - ay * bx) ** 2 + (ax * cy - ay * cx) ** 2 + (bx * cy - by * cx) ** 2
    det = area2 + DILATION * (var_x + var_y) + DILATION * DILATION
    return var_x + DILATION, var_y + DILATION, cov, det
