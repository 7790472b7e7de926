"""Colours and patterns of the synthetic scene's surfaces."""

from collections.abc import Callable

import numpy as np

from .surfaces import Samples, Surface

Paint = Callable[[Samples], np.ndarray]  # samples -> [n, 3] RGB in [0, 1], before light
Colour = tuple[float, float, float]

WHITE, CREAM, BLACK = (0.93, 0.93, 0.9), (0.96, 0.88, 0.7), (0.08, 0.08, 0.09)
RED, ORANGE, YELLOW = (0.82, 0.14, 0.12), (0.95, 0.5, 0.08), (0.98, 0.8, 0.15)
GREEN, LIME, TEAL = (0.13, 0.42, 0.2), (0.55, 0.75, 0.2), (0.08, 0.5, 0.55)
BLUE, NAVY, PINK = (0.15, 0.4, 0.8), (0.1, 0.17, 0.4), (0.95, 0.5, 0.62)
BROWN, BRASS, WOOD = (0.3, 0.16, 0.08), (0.8, 0.6, 0.25), (0.55, 0.34, 0.18)


def noise(points: np.ndarray, frequency: float) -> np.ndarray:
    """A smooth pattern in about [-1, 1] over points [n, 3]."""
    directions = np.random.default_rng(7).normal(size=(6, 3))
    return np.sin(frequency * points @ directions.T + np.arange(6)).sum(axis=1) / 3


def plain(colour: Colour, grain: float = 0.05) -> Paint:
    """One colour, lightly mottled."""
    return lambda s: np.array(colour) * (1 + grain * noise(s.points, 9.0))[:, None]


def stripes(first: Colour, second: Colour, count: int, along: int = 1) -> Paint:
    """Two colours in turn along u (0) or v (1)."""
    one, two = plain(first), plain(second)
    return lambda s: np.where((s.uv[:, [along]] * count % 1) < 0.5, one(s), two(s))


def dots(ground: Colour, spot: Colour, columns: int, rows: int, radius: float = 0.3) -> Paint:
    """Round spots on a grid of u and v."""

    def paint(s: Samples) -> np.ndarray:
        cells = s.uv * [columns, rows] % 1 - 0.5
        inside = np.linalg.norm(cells, axis=1, keepdims=True) < radius
        return np.where(inside, plain(spot)(s), plain(ground)(s))

    return paint


def grained(dark: Colour, light: Colour) -> Paint:
    """Wood: rings drawn out along x."""

    def paint(s: Samples) -> np.ndarray:
        rings = np.sin(14 * s.points[:, 1] + 2.5 * noise(s.points * [0.25, 1, 1], 1.6))
        share = np.clip(0.5 + 0.35 * rings + 0.15 * noise(s.points * [0.4, 3, 1], 6), 0, 1)
        return np.array(dark) + share[:, None] * (np.array(light) - dark)

    return paint


def coat(paint: Paint, *surfaces: Surface) -> tuple[tuple[Surface, Paint], ...]:
    """Pieces of one paint."""
    return tuple((surface, paint) for surface in surfaces)
