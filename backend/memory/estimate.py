"""How much memory a training needs, from counts: the arrays that live at its fullest moment.

That moment is the end, when the features of all Gaussians are smoothed, or a picture
before a SAM model. `benchmarks.memory` prints these figures beside measured ones; those
of a GPU are the same arrays, not measured on one.
"""

from dataclasses import dataclass

from ..affinity.ray_bank import GRID_PIXELS
from ..affinity.recipes import Recipe

MB = 10**6
ENGINE = 450 * MB  # Python, PyTorch and what numba compiles
ACTIVATED = 4 * (3 + 9 + 1 + 1)  # bytes of a Gaussian made ready to be rendered
SPLATTED = 100  # bytes of a Gaussian in a view that gsplat renders
SPLATS_A_RAY = 45  # in trained scenes; surfaces of made-up ones are thinner
ENTRY = 4 + 4  # bytes of a Gaussian in a ray: index and weight
RAY = 16 + 8 + 4 + 8  # bytes of a ray: pixel, offset, depth, mean mask area
STEP = 200 * MB  # of a GPU: pairs of pixels, and the Gaussians that a step reaches
MASKS_A_VIEW = 100  # where nobody knows yet
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
    masks: int = MASKS_A_VIEW  # of a view
    sam: int = 0  # bytes of the weights that make masks; 0 where they are ready


def ram_needed(size: Size, recipe: Recipe, device: str) -> int:
    """Bytes of RAM that the engine holds at the fullest moment of a training."""
    scene = size.gaussians * (size.row + ACTIVATED)
    reading = 2 * size.masks * size.pixels // 8
    sam = reading + (size.sam and _sam(size) if device == "cpu" else size.sam)
    table = _table(size, recipe) if device == "cpu" else 0
    training = _bank(size) + max(table + _smoothed(size, recipe), reading)
    return ENGINE + scene + max(sam, training)


def gpu_needed(size: Size, recipe: Recipe) -> int:
    """Bytes of a GPU that torch holds at the fullest moment of a training."""
    scene = size.gaussians * (size.row + SPLATTED)
    training = _table(size, recipe) + max(_smoothed(size, recipe), STEP)
    return scene + max(size.sam and _sam(size), training)


def _bank(size: Size) -> int:
    """The traced rays of all views."""
    return size.views * GRID_PIXELS * (RAY + SPLATS_A_RAY * ENTRY + size.masks)


def _table(size: Size, recipe: Recipe) -> int:
    """Features, both their moments, and the neighbours that they are smoothed over."""
    return size.gaussians * 4 * (3 * recipe.dim + recipe.neighbours + 1)


def _smoothed(size: Size, recipe: Recipe) -> int:
    """Smoothed features, their unit vectors, and those in the order in which they are kept."""
    return size.gaussians * 4 * 3 * recipe.dim


def _sam(size: Size) -> int:
    """A SAM model at work on one picture."""
    return size.sam + DECODER + (VIT if size.sam > VIT_WEIGHTS else 0)
