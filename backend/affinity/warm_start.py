"""A warm start from the masks alone: what is masked together starts out together, at each scale.

At one scale the masks part the pixels of a view into things. Each mask draws a
random direction; a Gaussian takes the mean of the masks that show it, a mask the
mean of its Gaussians, and after a few rounds the masks of one thing agree over
all views. Random directions are nearly orthogonal, so a handful of dimensions
tells hundreds of things apart, where spectral clustering needs one for each.

The dimensions are shared out among a few scales, small to large, and the scale
gate starts by closing those of things smaller than what is asked for.
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_array

from ..progress import Report, silent
from .ray_bank import ViewRays
from .ray_kernels import blend, spread
from .scale_gate import ScaleGate
from .scale_map import ScaleMap

LEVELS = np.linspace(0, 1, 5)  # scales that dimensions are set aside for
ROUNDS = 3
FADING = 0.7  # length of each level's part of a feature, of the part below: small things first
STEEPNESS = 20.0  # of the gate's start, per unit of scale

Segmented = list[tuple[csr_array, ViewRays]]  # per view, which mask [P, M] a pixel belongs to


def starting_features(
    bank: list[ViewRays],
    scale_map: ScaleMap,
    count: int,
    dim: int,
    rng: np.random.Generator,
    report: Report = silent,
) -> np.ndarray:
    """Unit features [N, dim] float32; zero rows for Gaussians that no mask shows.

    Args:
        bank: traced views.
        scale_map: of their masks.
        count: N, the Gaussians of the scene.
        dim: at least one dimension for each of `LEVELS`.
        rng: draws the directions.
        report: told after each view of each round.
    """
    rounds = len(bank) * len(LEVELS) * (2 * ROUNDS + 2)
    done = itertools.count(1)

    def tick() -> None:
        report("Finding what is masked together", next(done) / rounds)

    report("Finding what is masked together", 0.0)
    features = np.empty((count, dim), np.float32)
    for k, (level, columns) in enumerate(zip(LEVELS, _shares(dim), strict=True)):
        views: Segmented = []
        for rays in bank:
            views.append((segments(rays, scale_map, level), rays))
            tick()
        features[:, columns] = FADING**k * _agreed(views, count, len(columns), rng, tick)
    return _units(features)


def starting_gate(dim: int) -> ScaleGate:
    """The gate that closes the dimensions of each level half-way to the next; the last stay open.

    Args:
        dim: as of `starting_features`.
    """
    gate = ScaleGate(dim)
    half_way = (LEVELS[:-1] + LEVELS[1:]) / 2
    with torch.no_grad():
        gate.weight.zero_()
        gate.bias.fill_(STEEPNESS / 4)
        for closes_at, columns in zip(half_way, _shares(dim), strict=False):
            gate.weight[columns] = -STEEPNESS
            gate.bias[columns] = STEEPNESS * closes_at
    return gate


def segments(rays: ViewRays, scale_map: ScaleMap, scale: float) -> csr_array:
    """The one mask of each pixel that tells it apart at a scale, as a one-hot [P, M] float32.

    Of its masks that are at least as large as the scale the smallest, or else the
    largest: where masks are nested, pixels share it just when they correspond (Eq. 7).
    """
    units = np.asarray(scale_map.to_unit(rays.mask_scales))
    rank = np.where(units >= scale, units, 2 - units)  # 2 - u is above all u in [0, 1]
    chosen = np.where(rays.membership, rank, np.inf).argmin(axis=1)
    ones = np.ones(len(rays), np.float32)
    return csr_array((ones, chosen, np.arange(len(rays) + 1)), rays.membership.shape)


def _agreed(
    views: Segmented, count: int, dim: int, rng: np.random.Generator, tick: Callable[[], None]
) -> np.ndarray:
    """What the masks of all views agree on after some rounds, [N, dim] of unit length."""
    by_mask = [_units(rng.standard_normal((masks.shape[1], dim), np.float32)) for masks, _ in views]
    by_gaussian = _spread_over(views, by_mask, count, tick)
    for _ in range(ROUNDS):
        for view, (masks, rays) in enumerate(views):
            traced = rays.traced
            seen = blend(traced.offsets, traced.gaussians, traced.weights, by_gaussian)
            by_mask[view] = _units(masks.T @ seen)
            tick()
        by_gaussian = _spread_over(views, by_mask, count, tick)
    return by_gaussian


def _spread_over(
    views: Segmented, by_mask: list[np.ndarray], count: int, tick: Callable[[], None]
) -> np.ndarray:
    """The direction of each Gaussian: of the masks that show it, by their visible weight."""
    total = np.zeros((count, by_mask[0].shape[1]), np.float32)
    for (masks, rays), directions in zip(views, by_mask, strict=True):
        traced = rays.traced
        by_pixel = masks @ directions
        spread(traced.offsets, traced.gaussians, traced.weights, by_pixel, total)
        tick()
    return _units(total)


def _shares(dim: int) -> list[np.ndarray]:
    """The dimensions of each level."""
    return np.array_split(np.arange(dim), len(LEVELS))


def _units(rows: np.ndarray) -> np.ndarray:
    """Rows as unit vectors, in place; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=rows, where=norms > 0)
