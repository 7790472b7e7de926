"""Front-to-back blending of splats (Eq. 4): whole tiles, or single rays."""

import math

import numba
import numpy as np

from .projection import ALPHA_CUT, TILE
from .rasterizer import RayContributions

MAX_ALPHA = 0.99
MIN_TRANSMITTANCE = 1e-4  # a ray ends before it falls to this


@numba.njit(error_model="numpy")
def _alpha(room):
    """Opacity on a pixel from what is left of a splat's cutoff there."""
    return min(np.float32(MAX_ALPHA), math.exp(np.float32(room)) * np.float32(ALPHA_CUT))


@numba.njit(parallel=True, cache=True, error_model="numpy")
def blend_tiles(splats, starts, members, values, out_values, out_depth, out_alpha):
    """Add every tile's splats to the zeroed pictures; `out_depth` becomes sum(w z) / sum(w).

    Args:
        splats: [N] SPLAT.
        starts, members: lists of all tiles, row by row.
        values: [N, C] float32 by Gaussian.
        out_values, out_depth, out_alpha: [H, W, C], [H, W], [H, W] float32.
    """
    height, width = out_alpha.shape
    tiles_x = (width + TILE - 1) // TILE
    for tile in numba.prange(len(starts) - 1):
        top, left = tile // tiles_x * TILE, tile % tiles_x * TILE
        rows, columns = min(TILE, height - top), min(TILE, width - left)
        transmittance = np.ones((TILE, TILE), np.float32)
        ended = np.zeros((TILE, TILE), np.bool_)
        alive = rows * columns
        for k in range(starts[tile], starts[tile + 1]):
            splat = splats[members[k]]
            color = values[splat.gaussian]
            alive -= _blend_splat(
                splat, color, top, left, rows, columns,
                transmittance, ended, out_values, out_depth, out_alpha,
            )  # fmt: skip
            if alive == 0:
                break
        for row in range(top, top + rows):
            for column in range(left, left + columns):
                if out_alpha[row, column] > 0:
                    out_depth[row, column] /= out_alpha[row, column]


@numba.njit(error_model="numpy")
def _blend_splat(
    splat, color, top, left, rows, columns, transmittance, ended, out_values, out_depth, out_alpha
):
    """Blend one splat over the span it covers in each row of a tile; how many rays it ended."""
    endings = 0
    for row in range(rows):
        dy = top + row + 0.5 - splat.mean_y
        v = splat.vy * dy
        room = splat.cutoff - v * v
        if room < 0:
            continue
        u0 = splat.ux * (left + 0.5 - splat.mean_x) + splat.uy * dy
        half = math.sqrt(room)
        first = max(math.ceil((-half - u0) / splat.ux), 0.0)
        last = min(math.floor((half - u0) / splat.ux), columns - 1.0)
        for column in range(int(first), int(last) + 1):
            if ended[row, column]:
                continue
            u = u0 + splat.ux * column
            before = transmittance[row, column]
            alpha = _alpha(room - u * u)
            after = before * (np.float32(1) - alpha)
            if after <= MIN_TRANSMITTANCE:
                ended[row, column] = True
                endings += 1
                continue
            transmittance[row, column] = after
            weight = alpha * before
            out_alpha[top + row, left + column] += weight
            out_depth[top + row, left + column] += weight * splat.depth
            for channel in range(len(color)):
                out_values[top + row, left + column, channel] += weight * color[channel]
    return endings


def trace_rays(
    splats: np.ndarray,
    starts: np.ndarray,
    members: np.ndarray,
    pixels: np.ndarray,
    lists: np.ndarray,
) -> RayContributions:
    """Walk single rays through the list of their tile.

    Args:
        splats: [N] SPLAT.
        starts, members: the lists of splats.
        pixels: [P, 2] int64 (column, row).
        lists: [P] which list each pixel's ray walks.
    """
    schedule = np.argsort(lists, kind="stable")  # rays of one tile read the same splats
    rays = splats, starts, members, pixels, lists, schedule
    offsets = np.zeros(len(pixels) + 1, np.int64)
    depth = np.zeros(len(pixels), np.float32)
    _trace(*rays, offsets, np.empty(0, np.int32), np.empty(0, np.float32), depth)
    offsets = np.cumsum(offsets)
    gaussians, weights = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.float32)
    if len(gaussians) > 0:
        _trace(*rays, offsets, gaussians, weights, depth)
    return RayContributions(offsets, gaussians, weights, depth)


@numba.njit(parallel=True, cache=True, error_model="numpy")
def _trace(splats, starts, members, pixels, lists, schedule, offsets, gaussians, weights, depth):
    """Count the contributions of ray p into `offsets[p + 1]`, or write them if there is room."""
    counting = len(gaussians) == 0
    for turn in numba.prange(len(schedule)):
        ray = schedule[turn]
        x, y = pixels[ray, 0] + 0.5, pixels[ray, 1] + 0.5
        entry = 0 if counting else offsets[ray]
        transmittance = np.float32(1)
        depth_sum = weight_sum = np.float32(0)
        for k in range(starts[lists[ray]], starts[lists[ray] + 1]):
            splat = splats[members[k]]
            dx, dy = x - splat.mean_x, y - splat.mean_y
            u, v = splat.ux * dx + splat.uy * dy, splat.vy * dy
            room = splat.cutoff - u * u - v * v
            if room < 0:
                continue
            alpha = _alpha(room)
            after = transmittance * (np.float32(1) - alpha)
            if after <= MIN_TRANSMITTANCE:
                break
            weight = transmittance * alpha
            weight_sum += weight
            depth_sum += weight * splat.depth
            if not counting:
                gaussians[entry], weights[entry] = splat.gaussian, weight
            transmittance = after
            entry += 1
        if counting:
            offsets[ray + 1] = entry
        elif weight_sum > 0:
            depth[ray] = depth_sum / weight_sum
