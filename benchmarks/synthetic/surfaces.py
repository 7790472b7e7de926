"""Parametric surfaces, and even samples on them: what the synthetic scene is built from.

A surface maps u and v in [0, 1] to points; it faces where (d/du x d/dv) points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.spatial.transform import Rotation

Surface = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (u [...], v [...]) -> [..., 3]
GRID = 96  # resolution at which arc lengths are measured
GOLDEN = 0.6180339887


@dataclass(frozen=True)
class Samples:
    """Points spread evenly over a surface, each with its frame."""

    points: np.ndarray  # [n, 3]
    normals: np.ndarray  # [n, 3] unit, facing out
    tangents: np.ndarray  # [n, 3] unit, along u
    uv: np.ndarray  # [n, 2]


def _curve(controls: Sequence, smooth: bool) -> Callable[[np.ndarray], np.ndarray]:
    """A curve through control points, its parameter in [0, 1] running with the chord length."""
    points = np.array(controls, float)
    chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
    knots = np.concatenate([[0], np.cumsum(chords)]) / chords.sum()
    return make_interp_spline(knots, points, k=min(3, len(points) - 1) if smooth else 1)


def lathe(profile: Sequence[tuple[float, float]], smooth: bool = False) -> Surface:
    """A profile of (radius, z) turned about z; upwards it faces out, inwards it faces up."""
    curve = _curve(profile, smooth)

    def surface(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius, height = np.moveaxis(curve(v), -1, 0)
        angle = 2 * np.pi * u
        parts = [radius * np.cos(angle), radius * np.sin(angle), height]
        return np.stack(np.broadcast_arrays(*parts), -1)

    return surface


def ball(radius: float = 1.0) -> Surface:
    """A sphere about the origin."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, 25)
    return lathe([(radius * np.cos(a), radius * np.sin(a)) for a in angles], smooth=True)


def tube(path: Sequence, radii: float | Sequence[float]) -> Surface:
    """A pipe along a smooth path of points [k, 3], of one radius or one per point of the path."""
    curve = _curve(path, smooth=True)
    direction = curve.derivative()
    knots = np.linspace(0, 1, np.size(radii)) if np.size(radii) > 1 else [0, 1]
    radii = np.resize(radii, max(np.size(radii), 2))
    chord = np.ptp(np.array(path, float), axis=0)
    helper = np.eye(3)[np.argmin(chord)]  # never along the path, so frames do not flip

    def surface(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        forward = direction(v)
        forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
        side = np.cross(helper, forward)
        side = side / np.linalg.norm(side, axis=-1, keepdims=True)
        up = np.cross(forward, side)
        angle, radius = 2 * np.pi * u[..., None], np.interp(v, knots, radii)[..., None]
        return curve(v) + radius * (np.cos(angle) * side + np.sin(angle) * up)

    return surface


def box(width: float, depth: float, height: float) -> list[Surface]:
    """The five visible faces of a box that stands on z = 0, centred in x and y."""
    half = np.array([width, depth, height]) / 2
    centre = np.array([0, 0, half[2]])

    def face(u_axis: Sequence, v_axis: Sequence) -> Surface:
        u_axis, v_axis = np.array(u_axis, float), np.array(v_axis, float)
        out = np.cross(u_axis, v_axis)

        def surface(u: np.ndarray, v: np.ndarray) -> np.ndarray:
            u, v = 2 * u[..., None] - 1, 2 * v[..., None] - 1
            return centre + half * (out + u * u_axis + v * v_axis)

        return surface

    x, y, z = np.eye(3)
    return [face(x, y), face(x, z), face(y, z), face(-x, z), face(-y, z)]


def placed(
    surface: Surface,
    at: Sequence[float] = (0, 0, 0),
    turn: Sequence[float] = (0, 0, 0),
    stretch: Sequence[float] = (1, 1, 1),
) -> Surface:
    """The surface stretched, then turned by degrees about x, y and z in this order, then moved."""
    rotation = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    matrix = rotation * np.array(stretch, float)
    return lambda u, v: surface(u, v) @ matrix.T + np.array(at, float)


def area(surface: Surface) -> float:
    """Area of a surface, in squared scene units."""
    u, v = np.meshgrid(np.linspace(0, 1, GRID), np.linspace(0, 1, GRID))
    grid = surface(u, v)
    along_u = np.diff(grid, axis=1)[:-1]
    along_v = np.diff(grid, axis=0)[:, :-1]
    return float(np.linalg.norm(np.cross(along_u, along_v), axis=-1).sum())


def sample(surface: Surface, spacing: float) -> Samples:
    """Points about `spacing` apart, in rows at even steps of arc length."""
    steps = np.linspace(0, 1, GRID)
    grid = surface(*np.meshgrid(steps, steps))
    along_v = np.linalg.norm(np.diff(grid, axis=0), axis=-1).mean(axis=1)
    rows = max(1, round(along_v.sum() / spacing))
    lengths = np.concatenate([[0], np.cumsum(along_v)])
    uv = []
    for row, v in enumerate(
        np.interp((np.arange(rows) + 0.5) / rows * lengths[-1], lengths, steps)
    ):
        line = surface(steps, np.full(GRID, v))
        along_u = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        count = max(1, round(along_u[-1] / spacing))
        # shifted against the row before, so that points do not line up in columns
        places = (np.arange(count) + row * GOLDEN % 1) / count
        uv.append(
            np.column_stack([np.interp(places * along_u[-1], along_u, steps), np.full(count, v)])
        )
    return _with_frames(surface, np.concatenate(uv))


def _with_frames(surface: Surface, uv: np.ndarray) -> Samples:
    """Samples at uv, frames from central differences."""
    step = 1e-4
    u, v = uv.T
    along_u = surface(u + step, v) - surface(u - step, v)
    along_v = surface(u, v + step) - surface(u, v - step)
    normals = np.cross(along_u, along_v)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    tangents = along_u / np.linalg.norm(along_u, axis=1, keepdims=True)
    return Samples(surface(u, v), normals, tangents, uv)
