"""How much memory a training needs, from counts: the arrays that live at its fullest moment.

That moment is the end, when the features of all Gaussians are smoothed or when the views
agree on things, or a picture before a SAM model. `benchmarks.memory` prints these figures
beside measured ones; those of a GPU are the same arrays, not measured on one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..affinity.ray_bank import FINE_VIEWS, MaskSource, trace_view
from ..affinity.recipes import Recipe
from ..cameras.camera import Camera
from ..masks.upscaling import mask_grid

if TYPE_CHECKING:
    from ..scene import Scene

MB = 10**6
ENGINE = 530 * MB  # Python, PyTorch and what numba has compiled
ACTIVATED = 4 * (3 + 9 + 1 + 1)  # bytes of a Gaussian made ready to be rendered
SPLATTED = 100  # bytes of a Gaussian in a view that gsplat renders
VIEW_RAYS = 4096 * (45 * 8 + 136)  # bytes of a view's rays: 45 Gaussians each in trained scenes
VOTES = 500  # bytes of a Gaussian in the votes on what it belongs to
SEEN = 4  # bytes of a Gaussian in each view that is looked at finely: half of them show there
STEP = 200 * MB  # of a GPU: pairs of pixels, and the Gaussians that a step reaches
MASKS = 100  # of a view, where nobody knows yet
DECODER = 400 * MB  # what a SAM model computes for a batch of points
VIT_WEIGHTS = 300 * MB  # a larger model looks at all of a picture at once:
VIT = 3 * 16 * 4096**2 * 4  # three of its 16 heads' tables of 64 x 64 places by each other


@dataclass(frozen=True)
class Size:
    """What decides how much memory a training takes."""

    gaussians: int
    row: int  # bytes of a Gaussian in the opened scene
    views: int
    pixels: int  # of a view's masks
    masks: int = MASKS  # of a view
    view_rays: int = VIEW_RAYS  # bytes of the traced rays of a view
    sam: int = 0  # bytes of the weights that make masks; 0 where they are ready


def training_size(
    scene: "Scene",
    cameras: Sequence[Camera],
    masks: MaskSource,
    missing: Sequence[Camera] = (),
    sam_checkpoint: str = "",
) -> Size:
    """The size of a training.

    Args:
        scene: opened.
        cameras: the views.
        masks: of the views; where some are ready, one view that is traced speaks for all.
        missing: those of the views whose masks are to be made,
        sam_checkpoint: with these weights.

    Raises:
        BadInput: masks that cannot be used.
    """
    checkpoint = Path(sam_checkpoint)
    size = Size(
        gaussians=len(scene.cloud),
        row=scene.cloud.row_bytes,
        views=len(cameras),
        pixels=max(math.prod(mask_grid((camera.height, camera.width))) for camera in cameras),
        sam=checkpoint.stat().st_size if missing and checkpoint.is_file() else 0,
    )
    lacking = {camera.name for camera in missing}
    ready = [camera for camera in cameras if camera.name not in lacking]
    if not ready:
        return size
    camera = ready[len(ready) // 2]
    of_view = masks.read(camera.name)
    if not of_view:
        return size
    rays = trace_view(scene.rasterizer, camera, of_view, np.random.default_rng(0))
    pixels = of_view.width * of_view.height
    return replace(size, pixels=pixels, masks=len(of_view), view_rays=rays.nbytes)


def ram_needed(size: Size, recipe: Recipe, device: str) -> int:
    """Bytes of RAM that the engine holds at the fullest moment of a training."""
    scene = size.gaussians * (size.row + ACTIVATED)
    reading = 2 * size.masks * size.pixels // 8
    sam = reading + (size.sam and _sam(size) if device == "cpu" else size.sam)
    table = _table(size, recipe) if device == "cpu" else 0
    bank = size.views * size.view_rays
    training = bank + max(table + _smoothed(size, recipe), reading, _agreeing(size, recipe))
    return ENGINE + scene + max(sam, training)


def gpu_needed(size: Size, recipe: Recipe) -> int:
    """Bytes of a GPU that torch holds at the fullest moment of a training."""
    scene = size.gaussians * (size.row + SPLATTED)
    training = _table(size, recipe) + max(_smoothed(size, recipe), STEP)
    return scene + max(size.sam and _sam(size), training)


def _table(size: Size, recipe: Recipe) -> int:
    """Features, both their moments, and the neighbours that they are smoothed over."""
    return size.gaussians * 4 * (3 * recipe.dim + recipe.neighbours + 1)


def _smoothed(size: Size, recipe: Recipe) -> int:
    """Smoothed features, their unit vectors, and those in the order in which they are kept."""
    return size.gaussians * 4 * 3 * recipe.dim


def _agreeing(size: Size, recipe: Recipe) -> int:
    """Features, and what the views say of them."""
    views = min(size.views, FINE_VIEWS)
    return size.gaussians * (4 * recipe.dim + VOTES + views * SEEN)


def _sam(size: Size) -> int:
    """A SAM model at work on one picture."""
    return size.sam + DECODER + (VIT if size.sam > VIT_WEIGHTS else 0)
