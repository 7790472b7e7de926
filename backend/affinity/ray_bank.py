"""The ray bank: training pixels traced once, kept as sparse blending weights.

Geometry and opacity are frozen while features train, so the weights alpha * T
of a pixel (Eq. 4) are constants. Rendering features at sampled pixels is then
one sparse product, and no feature image is ever rasterised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ..cameras.camera import Camera
from ..errors import BadInput
from ..masks.view_masks import ViewMasks
from ..progress import Report, silent
from ..rendering.rasterizer import Rasterizer, RayContributions
from ..sampling import strided
from .mask_scale import mask_scales

GRID_PIXELS = 4096  # pixels of the jittered grid over each view
PIXELS_PER_MASK = 32  # a mask that the grid meets less often is topped up to this many
FINE_PIXELS = 65_536  # of the grid that says where things end,
FINE_VIEWS = 200  # in so many views at most


@dataclass(frozen=True)
class MaskedRays:
    """Traced pixels of one view, and its masks there."""

    traced: RayContributions  # of P pixels
    membership: np.ndarray  # [P, M] boolean, whether the pixel lies in the mask


@dataclass(frozen=True)
class ViewRays(MaskedRays):
    """The traced pixels of one view that lie under at least one mask."""

    name: str
    pixels: np.ndarray  # [P, 2] int64 (column, row)
    mask_scales: np.ndarray  # [M] float64, scene units, all positive (Eq. 2)
    mask_areas: np.ndarray  # [M] float64, pixels of the whole mask
    mask_index: np.ndarray  # [M] int64, which of the view's masks it is

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def nbytes(self) -> int:
        """What it takes up in memory."""
        traced = self.traced.offsets, self.traced.gaussians, self.traced.weights, self.traced.depth
        return sum(a.nbytes for a in (*traced, self.pixels, self.membership, self.mean_mask_areas))

    @cached_property
    def mean_mask_areas(self) -> np.ndarray:
        """Mean size of the masks over each pixel, m_p of A.1, [P] float64 pixels."""
        return self.membership @ self.mask_areas / self.membership.sum(axis=1)


class MaskSource(Protocol):
    """Where the masks of a view come from; a `MaskStore` is one."""

    def read(self, view_name: str) -> ViewMasks | None: ...


def build_ray_bank(
    rasterizer: Rasterizer,
    cameras: Sequence[Camera],
    masks: MaskSource,
    rng: np.random.Generator,
    report: Report = silent,
) -> list[ViewRays]:
    """Trace the training pixels of every view that has masks.

    Raises:
        BadInput: when no mask of any view covers anything of the scene, or those of one have
            another format than it.
    """
    bank = []
    for done, camera in enumerate(cameras):
        report("Tracing views", done / len(cameras), rasterizer.note)
        view_masks = masks.read(camera.name)
        if view_masks is None or len(view_masks) == 0:
            continue
        rays = trace_view(rasterizer, camera, view_masks, rng)
        if len(rays):
            bank.append(rays)
    report("Tracing views", 1.0)
    if not bank:
        raise BadInput(
            "None of the masks covers anything of this scene.",
            "Check that the masks and cameras belong to this splat.",
        )
    return bank


def trace_view(
    rasterizer: Rasterizer, camera: Camera, masks: ViewMasks, rng: np.random.Generator
) -> ViewRays:
    """Choose and trace the pixels of one view, and measure its masks in 3D.

    Raises:
        BadInput: masks of another format than the view.
    """
    masks.require_format_of(camera)
    pixels = choose_pixels(camera, masks, rng)
    membership = masks.at(masks.from_camera(pixels, camera))
    traced = rasterizer.trace(camera, pixels)
    hit = np.diff(traced.offsets) > 0
    points = camera.unproject(pixels[hit], traced.depth[hit])
    scales = mask_scales(points, membership[hit])
    measurable = scales > 0
    keep = np.flatnonzero(hit & membership[:, measurable].any(axis=1))
    return ViewRays(
        traced.take(keep),
        membership[keep][:, measurable],
        camera.name,
        pixels[keep],
        scales[measurable],
        masks.areas()[measurable].astype(np.float64),
        np.flatnonzero(measurable),
    )


def trace_finely(
    rasterizer: Rasterizer,
    cameras: Sequence[Camera],
    masks: MaskSource,
    bank: Sequence[ViewRays],
    rng: np.random.Generator,
) -> Iterator[MaskedRays]:
    """An even and finer grid over the views of a bank, whatever their masks; one at a time."""
    names = {rays.name for rays in bank}
    views = [camera for camera in cameras if camera.name in names]
    for camera in views[strided(len(views), FINE_VIEWS)]:
        view_masks = masks.read(camera.name)
        pixels = _distinct(_jittered_grid(camera, FINE_PIXELS, rng), camera)
        membership = view_masks.at(view_masks.from_camera(pixels, camera))
        masked = membership.any(axis=1)  # what has no mask was missed, or is nothing
        yield MaskedRays(rasterizer.trace(camera, pixels[masked]), membership[masked])


def choose_pixels(camera: Camera, masks: ViewMasks, rng: np.random.Generator) -> np.ndarray:
    """A jittered grid over the view, and more pixels where a mask would hold too few.

    Returns:
        [P, 2] int64 (column, row) inside the image, no two equal.
    """
    grid = _jittered_grid(camera, GRID_PIXELS, rng)
    chosen = [grid]
    counts = masks.at(masks.from_camera(grid, camera)).sum(axis=0)
    for mask in np.flatnonzero(counts < PIXELS_PER_MASK):
        inside = masks.pixels_of(mask)
        missing = min(PIXELS_PER_MASK - counts[mask], len(inside))
        chosen.append(masks.to_camera(rng.choice(inside, missing, replace=False), camera))
    return _distinct(np.concatenate(chosen), camera)


def _jittered_grid(camera: Camera, count: int, rng: np.random.Generator) -> np.ndarray:
    """About so many pixels, [P, 2] int64, one in each cell of a grid."""
    cell = np.sqrt(camera.width * camera.height / count)
    columns, rows = max(round(camera.width / cell), 1), max(round(camera.height / cell), 1)
    corner = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    grid = (corner + rng.random(corner.shape)) / [columns, rows]
    return (grid * [camera.width, camera.height]).astype(np.int64)


def _distinct(pixels: np.ndarray, camera: Camera) -> np.ndarray:
    """Each of some pixels [P, 2] once, column by column."""
    columns, rows = pixels.T
    return np.column_stack(np.divmod(np.unique(columns * camera.height + rows), camera.height))
