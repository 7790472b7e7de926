"""Light baked into Gaussians: a sun with shadows, a sky with occlusion, highlights in SH."""

import numpy as np
from scipy.spatial import cKDTree

from backend.gaussians.directions import fibonacci
from backend.gaussians.spherical_harmonics import sh_basis

VOXEL = 0.08  # scene units; how fine shadows are
SUN = np.array([0.5, -0.45, 0.74]) / np.linalg.norm([0.5, -0.45, 0.74])  # towards it, z up
SUN_COLOR, SKY_COLOR = np.array([0.74, 0.7, 0.62]), np.array([0.5, 0.53, 0.58])
LOBE = (0.15, 0.3, 0.33, 0.22)  # share of each SH degree in a highlight; adds up to 1


def bake(
    points: np.ndarray, normals: np.ndarray, albedo: np.ndarray, gloss: np.ndarray
) -> np.ndarray:
    """SH coefficients [n, 16, 3] of points [n, 3] under sun and sky, z up.

    Args:
        points, normals, albedo: [n, 3].
        gloss: [n] brightness of the highlight where it is seen straight on.
    """
    occupied, corner = _voxels(points)
    sky = fibonacci(40)
    sky = sky[sky[:, 2] > -0.2]
    facing = np.maximum(normals @ sky.T, 0)
    open_sky = _unblocked(occupied, corner, points, normals, sky, reach=1.6)
    ambient = (facing * open_sky).sum(axis=1) / facing.sum(axis=1).clip(min=1e-6)
    suns = SUN + 0.07 * np.random.default_rng(0).normal(size=(8, 3))  # soft edges of shadows
    lit = _unblocked(occupied, corner, points, normals, suns, reach=6.0).mean(axis=1)
    _, near = cKDTree(points).query(points, k=12)  # hides the steps of the voxels
    ambient, lit = ambient[near].mean(axis=1), lit[near].mean(axis=1)

    sky_light = (ambient * (0.75 + 0.25 * normals[:, 2]))[:, None] * SKY_COLOR
    sun_light = (lit * (normals @ SUN).clip(min=0))[:, None] * SUN_COLOR
    colors = np.clip(albedo * (sun_light + sky_light + 0.16), 0, 1)
    mirrored = 2 * (normals @ SUN)[:, None] * normals - SUN
    basis = sh_basis(-mirrored, 3)  # SH are looked up from the camera to the Gaussian
    lobe = np.repeat([4 * np.pi * w / (2 * d + 1) for d, w in enumerate(LOBE)], [1, 3, 5, 7])
    sh = ((gloss * lit)[:, None] * basis * lobe)[..., None] * np.ones(3)
    sh[:, 0] += (colors - 0.5) * np.sqrt(4 * np.pi)
    return sh


def _voxels(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which cells of a grid hold points, [X, Y, Z] boolean, and the grid's corner."""
    corner = points.min(axis=0) - 2 * VOXEL
    cells = ((points - corner) / VOXEL).astype(int)
    occupied = np.zeros(cells.max(axis=0) + 3, bool)
    occupied[tuple(cells.T)] = True
    return occupied, corner


def _unblocked(occupied, corner, points, normals, directions, reach: float) -> np.ndarray:
    """Whether a point sees along each direction: boolean [n, d], False below its horizon."""
    starts = points + 2.5 * VOXEL * normals
    free = normals @ directions.T > 0
    limit = np.array(occupied.shape) - 1
    for column, direction in enumerate(directions):
        rays = np.flatnonzero(free[:, column])
        for step in np.arange(0, reach, VOXEL):
            cells = ((starts[rays] + step * direction - corner) / VOXEL).astype(int)
            cells = np.clip(cells, 0, limit)  # the outermost cells are empty
            blocked = occupied[tuple(cells.T)]
            free[rays[blocked], column] = False
            rays = rays[~blocked]
    return free
