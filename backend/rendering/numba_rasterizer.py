"""The rasterizer on the CPU: tiles of 16 x 16 pixels, compiled by numba and cached on disk."""

from functools import cached_property

import numpy as np

from ..cameras.camera import Camera
from ..gaussians.cloud import GaussianCloud
from ..gaussians.spherical_harmonics import sh_colors
from .blending import blend_tiles, trace_rays
from .blocks import Blocks
from .projection import TILE, Projection, prepare, project
from .rasterizer import RayContributions, RenderedView, require_inside, require_one_per_gaussian
from .tiles import bin_splats

SMALL = 0.25  # share of a view, up to which a look at the blocks of the scene pays
COLOR_BLOCK = 16384  # Gaussians whose coefficients fit the processor's cache together


class NumbaRasterizer:
    """A `Rasterizer` of one cloud on all cores; equal input gives equal output, bit for bit.

    Call it from one thread at a time: numba's thread pool is not re-entrant everywhere.
    """

    note = ""

    def __init__(self, cloud: GaussianCloud) -> None:
        self._cloud = cloud
        self._input = prepare(cloud)

    def render(self, camera: Camera, values: np.ndarray | None = None) -> RenderedView:
        """Blend per-Gaussian values (float32 [N, C]) over a view; None means colour from SH."""
        if values is not None:
            require_one_per_gaussian(values, len(self._cloud))
        width, height = camera.width, camera.height
        projection = project(self._input, camera, np.array([0.0, width - 1, 0.0, height - 1]))
        if values is None:
            values = self._colors(camera, projection)
        lists = _no_tile(camera)
        lists.flat = np.arange(lists.size)
        tiles = bin_splats(projection, lists)
        picture = np.zeros((height, width, values.shape[1]), np.float32)
        depth, alpha = np.zeros((2, height, width), np.float32)
        values = np.ascontiguousarray(values, np.float32)
        blend_tiles(projection.splats, tiles.starts, tiles.members, values, picture, depth, alpha)
        return RenderedView(picture, depth, alpha)

    def trace(
        self, camera: Camera, pixels: np.ndarray, present: np.ndarray | None = None
    ) -> RayContributions:
        """List the Gaussians behind pixels, integer [P, 2] as (column, row) inside the image.

        Pixels may repeat and come in any order; the cost grows with how far apart
        they lie, as only the tiles that hold one are looked at. `present`, boolean
        [N], says which Gaussians are there; None is all.

        Raises:
            BadInput: a pixel lies outside the image.
        """
        pixels = np.ascontiguousarray(pixels, np.int64).reshape(-1, 2)
        require_inside(pixels, camera)
        if len(pixels) == 0:
            return RayContributions(
                np.zeros(1, np.int64), np.empty(0, np.int32), *np.empty((2, 0), np.float32)
            )
        (left, top), (right, bottom) = pixels.min(axis=0), pixels.max(axis=0)
        window = np.array([left, right, top, bottom], np.float64)
        projection = project(self._input, camera, window, self._near(camera, window, present))
        lists = _no_tile(camera)
        columns, rows = pixels.T // TILE
        lists[rows, columns] = 0
        lists[lists == 0] = np.arange(np.count_nonzero(lists == 0))
        tiles = bin_splats(projection, lists)
        return trace_rays(
            projection.splats, tiles.starts, tiles.members, pixels, lists[rows, columns]
        )

    def _near(
        self, camera: Camera, window: np.ndarray, present: np.ndarray | None
    ) -> np.ndarray | None:
        """The Gaussians that may reach a window of a view, int64 [M] ascending; None is all."""
        if np.ptp(window[:2]) * np.ptp(window[2:]) > SMALL * camera.width * camera.height:
            return None if present is None else np.flatnonzero(present)
        near = self._blocks.near(camera, window)
        return near if present is None else near[present[near]]

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks.of(self._input)

    def _colors(self, camera: Camera, projection: Projection) -> np.ndarray:
        """[N, 3] colours as seen from the camera; zero for Gaussians outside the view."""
        visible = projection.splats["gaussian"][np.sort(projection.order)]
        colors = np.zeros((len(self._cloud), 3), np.float32)
        for start in range(0, len(visible), COLOR_BLOCK):
            block = visible[start : start + COLOR_BLOCK]
            directions = self._cloud.means[block] - camera.position.astype(np.float32)
            directions /= np.linalg.norm(directions, axis=1, keepdims=True)
            colors[block] = sh_colors(self._cloud.sh[block], directions)
        return colors


def _no_tile(camera: Camera) -> np.ndarray:
    """[tile rows, tile columns] int32 of -1: the tiles of a view, none of them wanted yet."""
    return np.full((-(-camera.height // TILE), -(-camera.width // TILE)), -1, np.int32)
