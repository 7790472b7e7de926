"""Refinement of a selection: views vote on what straddles its boundary, strays are dropped."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ..affinity.field import AffinityField
from ..cameras.camera import Camera
from ..rendering.rasterizer import RayContributions
from .click import Belongs
from .marks import pixel_features

VIEWS = 8  # that vote
PIXELS = 4096  # of each, over what is selected
LEAST_VOTES = 1.0  # pixels that a Gaussian must make up in all for them to decide
NEIGHBOURS = 16
FAR = 3.0  # deviations above the mean distance to neighbours that make a stray


def refined(
    field: AffinityField, mask: np.ndarray, views: Iterable[RayContributions], belongs: Belongs
) -> np.ndarray:
    """A Gaussian belongs where most of what it shows belongs, boolean [N].

    A pixel blends the features of many Gaussians, which evens out those of a
    single one. So pixels are judged as Gaussians are, and each gives its verdict
    to the Gaussians that make it up, by their weights.

    Args:
        field: of N Gaussians.
        mask: boolean [N], selected.
        views: traced pixels of each.
        belongs: judges Gaussians and pixels alike.
    """
    total, inside = np.zeros((2, len(mask)))
    for traced in views:
        verdicts = belongs(replace(field, features=pixel_features(field, traced)))
        for_it = traced.weights * np.repeat(verdicts, np.diff(traced.offsets))
        total += np.bincount(traced.gaussians, traced.weights, len(mask))
        inside += np.bincount(traced.gaussians, for_it, len(mask))
    return np.where(total > LEAST_VOTES, inside > 0.5 * total, mask)


def pixels_over(cameras: Sequence[Camera], points: np.ndarray) -> list[tuple[Camera, np.ndarray]]:
    """A few views that have points [P, 3] in the picture, and pixels [Q, 2] over them there."""
    return [(camera, _grid_over(camera, points)) for camera in _that_see(cameras, points)]


def without_strays(mask: np.ndarray, means: np.ndarray) -> np.ndarray:
    """The selection without Gaussians that lie unusually far from their neighbours in it.

    Statistical outlier removal (Rusu et al. 2008). Boolean [N].
    """
    selected = np.flatnonzero(mask)
    if len(selected) <= NEIGHBOURS:
        return mask
    points = means[selected]
    distances = cKDTree(points).query(points, NEIGHBOURS + 1, workers=-1)[0].mean(axis=1)
    kept = np.zeros_like(mask)
    kept[selected[distances <= distances.mean() + FAR * distances.std()]] = True
    return kept


def _on_screen(camera: Camera, points: np.ndarray) -> np.ndarray:
    """Where points [P, 3] appear, [Q, 2] (x, y) of those in the picture."""
    places = camera.project(points)
    return places[((places >= 0) & (places < [camera.width, camera.height])).all(axis=1)]


def _that_see(cameras: Sequence[Camera], points: np.ndarray) -> list[Camera]:
    """Up to `VIEWS` cameras, spread evenly over those that have most of the points in view."""
    seen = np.array([len(_on_screen(camera, points)) for camera in cameras])
    good = np.flatnonzero((seen > 0) & (seen >= 0.9 * seen.max(initial=0)))
    picked = np.linspace(0, len(good) - 1, min(VIEWS, len(good))).round().astype(int)
    return [cameras[k] for k in good[picked]]


def _grid_over(camera: Camera, points: np.ndarray) -> np.ndarray:
    """A grid of about `PIXELS` pixels [P, 2] (column, row) over where points appear."""
    places = _on_screen(camera, points)
    low, high = np.floor(places.min(axis=0)), np.floor(places.max(axis=0)) + 1
    step = max(1.0, np.sqrt(np.prod(high - low) / PIXELS))
    columns, rows = (np.arange(a, b, step) for a, b in zip(low, high, strict=True))
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2).astype(np.int64)
