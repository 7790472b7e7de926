"""What of a cloud matters, where it lies, and which way is up."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...errors import BadInput
from ...gaussians.cloud import GaussianCloud
from ...gaussians.directions import fibonacci
from ...gaussians.quaternions import matrices_from_quats
from ...progress import Report, silent

NEIGHBOURS = 8
AT_ONCE = 50_000  # Gaussians whose neighbours are looked for, about a second
LONE = 4.0  # a floater's neighbours are so many times farther than is usual,
APART = 6.0  # and so many times farther than it is large
REACH = 3.0  # core radii; beyond it lies background that no picture shows well
BLOB = 0.1  # core radii; a Gaussian wider than this is haze or sky, its area counts no further
POINTS = 200_000  # sampled on the surfaces
CELLS = 96  # of the grid along the longest side
THIN = 0.1  # a cell with less than this share of the usual number of points is empty
TILT = np.cos(np.radians(12))  # how well a normal must agree with an axis to count for it
LOWEST = 0.03  # share of the surface that may lie under the ground
CLEAR_AXIS = 1.3  # the best axis must hold this many times what any axis across it holds


@dataclass(frozen=True)
class Surface:
    """The surfaces of a scene, sampled evenly by area, and the cells that they fill."""

    weights: np.ndarray  # [N] what each Gaussian matters; they sum to 1; 0 for floaters
    points: np.ndarray  # [P, 3] on the surfaces
    centre: np.ndarray  # [3] of the detail
    radius: float  # of the core: holds three quarters of the detail
    up: np.ndarray  # [3] unit; see `up_direction`
    ground: float  # height along up below which nothing stands; -inf where up is a guess
    corner: np.ndarray  # [3] of the grid
    cell: float  # its cells' width
    solid: np.ndarray  # [X, Y, Z] boolean

    def first_hits(self, origins: np.ndarray, directions: np.ndarray, ends: np.ndarray):
        """How far rays run before they meet a solid cell, [R]; inf for those that meet none.

        Args:
            origins, directions: [R, 3], the directions of unit length.
            ends: [R] where to stop.
        """
        hits = np.full(len(origins), np.inf)
        active = np.arange(len(origins))
        distance = 0.0
        while len(active):
            distance += 0.7 * self.cell
            active = active[distance < ends[active]]
            places = origins[active] + distance * directions[active]
            solid = self.is_solid(places)
            hits[active[solid]] = distance
            active = active[~solid]
        return hits

    def is_solid(self, places: np.ndarray) -> np.ndarray:
        """Whether places [R, 3] lie in a solid cell, boolean [R]."""
        index = np.floor((places - self.corner) / self.cell).astype(np.int64)
        inside = ((index >= 0) & (index < self.solid.shape)).all(axis=1)
        index[~inside] = 0
        return inside & self.solid[tuple(index.T)]


def find_surface(
    cloud: GaussianCloud, rng: np.random.Generator, report: Report = silent
) -> Surface:
    """Measure a cloud; any cloud has a surface, were it a single Gaussian.

    Args:
        cloud: the scene.
        rng: draws the points on the surfaces.
        report: called often.

    Raises:
        BadInput: all Gaussians are larger than numbers go.
    """
    means = cloud.means.astype(np.float64)
    scales = np.sort(cloud.scales.astype(np.float64), axis=1)
    opacities = cloud.opacities.astype(np.float64)
    detail = opacities / np.maximum(scales[:, 2], 1e-12)  # trainers use small ones near cameras
    centre = np.array([_quantile(column, detail, 0.5) for column in means.T])
    distance = np.linalg.norm(means - centre, axis=1)
    radius = max(_quantile(distance, detail, 0.75), scales[:, 2].min(), 1e-6)
    if not np.isfinite(radius):
        raise BadInput(
            "All Gaussians of this scene are absurdly large.",
            "Export it again: a splat's .ply holds the logarithms of their sizes.",
        )
    widths = np.minimum(scales, BLOB * radius)
    weights = opacities * widths[:, 1] * widths[:, 2]
    weights[(distance > REACH * radius) | is_lone(means, scales[:, 2], report)] = 0
    if not weights.any():
        weights = opacities + 1e-12
    weights /= weights.sum()
    chosen = rng.choice(len(means), POINTS, p=weights)
    frames = matrices_from_quats(cloud.rotations[chosen].astype(np.float64))
    offsets = rng.normal(size=(POINTS, 3)) * np.minimum(cloud.scales[chosen], BLOB * radius)
    points = means[chosen] + np.einsum("nij,nj->ni", frames, offsets)
    corner, cell, solid = _grid(points)
    thinnest = np.take_along_axis(
        frames, cloud.log_scales[chosen].argmin(axis=1)[:, None, None], axis=2
    )[:, :, 0]
    up, clear = up_direction(points, thinnest)
    ground = float(np.quantile(points @ up, LOWEST)) if clear else -np.inf
    return Surface(weights, points, centre, float(radius), up, ground, corner, cell, solid)


def is_lone(means: np.ndarray, sizes: np.ndarray, report: Report = silent) -> np.ndarray:
    """Which Gaussians float by themselves, boolean [N]: far from others for the scene and for them.

    Args:
        means: [N, 3].
        sizes: [N] largest standard deviation of each.
        report: called often.
    """
    count = min(NEIGHBOURS + 1, len(means))
    report("Looking for floaters", 0.0)
    tree = cKDTree(means)
    apart = np.empty(len(means))
    for start in range(0, len(means), AT_ONCE):
        report("Looking for floaters", start / len(means))
        some = slice(start, start + AT_ONCE)
        apart[some] = tree.query(means[some], [count], workers=-1)[0][:, 0]
    return (apart > LONE * np.median(apart)) & (apart > APART * sizes)


def up_direction(points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, bool]:
    """The axis [3] that most surface lies across, and whether any stands out at all.

    Floors, ceilings and table tops make it the vertical. Most things stand low,
    so up is where the heights run out more slowly. Where no axis stands out, as
    on a ball or between equal walls, it is the axis along which the scene is
    flattest: a guess by which at least the pictures agree.

    Args:
        points: [P, 3] spread evenly over the surfaces.
        normals: [P, 3] unit, of either sign.
    """
    axes = fibonacci(400)
    normals = normals[:: max(len(normals) // 20_000, 1)]
    share = (np.abs(normals @ axes.T) > TILT).mean(axis=0)
    best = axes[share.argmax()]
    clear = bool(share.max() > CLEAR_AXIS * share[np.abs(axes @ best) < 0.7].max())
    if clear:
        best = np.linalg.svd(normals[np.abs(normals @ best) > TILT], full_matrices=False)[2][0]
    else:
        best = np.linalg.eigh(np.cov(points.T))[1][:, 0]
    low, middle, high = np.quantile(points @ best, [0.1, 0.5, 0.9])
    return (best if high - middle >= middle - low else -best), clear


def _grid(points: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Corner, cell width and solid cells of the grid around points."""
    corner = points.min(axis=0)
    cell = max(float(np.ptp(points, axis=0).max()) / CELLS, 1e-9)
    index = np.floor((points - corner) / cell).astype(np.int64)
    shape = index.max(axis=0) + 1
    flat = np.ravel_multi_index(tuple(index.T), shape)
    counts = np.bincount(flat, minlength=int(shape.prod()))
    usual = np.median(counts[flat])
    return corner, cell, (counts > THIN * usual).reshape(shape)


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])
