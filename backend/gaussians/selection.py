"""Selection algebra: boolean masks over Gaussians, combined, grown and shrunk."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..errors import BadInput

OPERATIONS = ("SET", "ADD", "SUBTRACT", "INTERSECT")
_BITS = 21  # of a cell's number along an axis, in one int64 for all three


def combine(selected: np.ndarray, found: np.ndarray, operation: str) -> np.ndarray:
    """What is selected after a tool has found something, boolean [N].

    Args:
        selected: boolean [N], before.
        found: boolean [N].
        operation: one of `OPERATIONS`.
    """
    return {
        "SET": lambda: found.copy(),
        "ADD": lambda: selected | found,
        "SUBTRACT": lambda: selected & ~found,
        "INTERSECT": lambda: selected & found,
    }[operation]()


def within(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which values [N] lie between two bounds, both included."""
    return (values >= low) & (values <= high)


@dataclass(frozen=True)
class Cells:
    """Space cut into cubes: cheap neighbourhoods for any number of Gaussians."""

    of: np.ndarray  # [N] which of the C occupied cells each Gaussian lies in
    adjoining: np.ndarray  # [E, 2] cells that touch, at least at a corner; both ways round

    @classmethod
    def cut(cls, means: np.ndarray, size: float) -> "Cells":
        """Cells with edges of `size` around Gaussians at `means` [N, 3].

        Raises:
            BadInput: the size is not above zero, or far too small for the scene.
        """
        if not size > 0 or np.ptp(means, axis=0).max(initial=0) / size >= 2**_BITS - 3:
            raise BadInput(f"The distance {size:g} does not suit the scene.", "Give a larger one.")
        index = np.floor((means - means.min(axis=0)) / size).astype(np.int64) + 1
        steps = np.array([1 << 2 * _BITS, 1 << _BITS, 1])
        occupied, of = np.unique(index @ steps, return_inverse=True)
        pairs = []
        for offset in product((-1, 0, 1), repeat=3):
            if any(offset):
                wanted = occupied + steps @ offset
                place = np.searchsorted(occupied, wanted).clip(max=len(occupied) - 1)
                here = np.flatnonzero(occupied[place] == wanted)
                pairs.append(np.column_stack([here, place[here]]))
        return cls(of, np.concatenate(pairs))


def grow(mask: np.ndarray, cells: Cells) -> np.ndarray:
    """The selection and all that lies in its cells or adjoining ones, boolean [N]."""
    chosen = np.zeros(cells.of.max(initial=-1) + 1, bool)
    chosen[cells.of[mask]] = True
    first, second = cells.adjoining.T
    near = chosen.copy()
    near[second[chosen[first]]] = True
    return near[cells.of]


def shrink(mask: np.ndarray, cells: Cells) -> np.ndarray:
    """The selection without what has something unselected in its cell or adjoining ones."""
    return ~grow(~mask, cells)


def largest_part(mask: np.ndarray, means: np.ndarray, size: float) -> np.ndarray:
    """The largest part of a selection that hangs together, boolean [N].

    Args:
        mask: boolean [N].
        means: [N, 3].
        size: of cells; what lies in the same or adjoining ones hangs together.
    """
    selected = np.flatnonzero(mask)
    if len(selected) == 0:
        return mask.copy()
    cells = Cells.cut(means[selected], size)
    part = _components(cells)[cells.of]
    largest = np.zeros_like(mask)
    largest[selected[part == np.bincount(part).argmax()]] = True
    return largest


def _components(cells: Cells) -> np.ndarray:
    """The lowest cell that each cell hangs together with, [C]."""
    first, second = cells.adjoining.T
    lowest = np.arange(cells.of.max() + 1)
    while True:
        lower = lowest.copy()
        np.minimum.at(lower, first, lowest[second])
        lower = lower[lower]  # halves the way at every round
        if np.array_equal(lower, lowest):
            return lowest
        lowest = lower


def inside(means: np.ndarray, to_unit: np.ndarray, shape: str) -> np.ndarray:
    """Which Gaussians have their mean in a box or a ball, boolean [N].

    Args:
        means: [N, 3].
        to_unit: [4, 4], from their frame to that in which the box goes from -1 to 1 on
            each axis, and the ball has the radius 1.
        shape: "BOX" or "SPHERE".
    """
    local = means @ to_unit[:3, :3].T + to_unit[:3, 3]
    if shape == "BOX":
        return (np.abs(local) <= 1).all(axis=1)
    return np.einsum("nk,nk->n", local, local) <= 1


def alike(colors: np.ndarray, selected: np.ndarray, tolerance: float) -> np.ndarray:
    """Which colours [N, 3] are within a distance of the middle one of the selected, boolean [N].

    Raises:
        BadInput: nothing is selected that they could be like.
    """
    if not selected.any():
        raise BadInput("Nothing is selected to be like.", "Select some of that colour first.")
    middle = np.median(colors[selected], axis=0)
    return np.linalg.norm(colors - middle, axis=1) <= tolerance
