"""What views see of the Gaussians, and choosing views by what they add."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heapreplace

import numpy as np

from ...rendering.rasterizer import Rasterizer, RayContributions
from ..camera import Camera
from .candidates import Candidate

COARSE = 192  # pixels across the picture in which coverage is measured
ENOUGH = 3  # views that shall see a Gaussian
FADED = 6  # views of a Gaussian after which a further one adds nothing
SHOWN = 0.985  # share of what any place shows that shall be in so many views
FEWEST = 24  # views that are taken of the simplest scene: masks of one view alone teach little
SHARP = 0.25  # share of the views that lose nothing by blur
MOSTLY = 0.4  # share of a picture that must show something
COVERED = 0.8  # a Gaussian behind more than this is hidden; what leaks through is not counted
IN_THE_WAY = 0.05  # share of a picture that may be covered by what is too near


@dataclass(frozen=True, eq=False)
class Sight:
    """A candidate and the Gaussians that it sees."""

    camera: Camera
    enclosed: bool
    gaussians: np.ndarray  # [V] int32, each in plain sight on at least a pixel in all
    blur: float  # mean angle, in radians, that the Gaussians on the pixels measure


def look(
    rasterizer: Rasterizer,
    means: np.ndarray,
    sizes: np.ndarray,
    candidate: Candidate,
    near: float,
    across: int = COARSE,
) -> Sight | None:
    """What a candidate sees; None where nobody would take the picture.

    That is a picture mostly empty, or one that something nearer than `near`
    stands in front of. Traced at a coarse size, where no Gaussian falls between
    the pixels because each is widened to about one; where many share a pixel,
    some hide others that the picture itself would show.

    Args:
        rasterizer: of the cloud.
        means: [N, 3] of the cloud.
        sizes: [N] largest standard deviations.
        candidate: the view.
        near: z-depth, scene units.
        across: pixels of the width that is traced.
    """
    camera = candidate.camera
    coarse = camera.resized(across, round(across * camera.height / camera.width))
    rows, columns = np.mgrid[: coarse.height, : coarse.width]
    traced = rasterizer.trace(coarse, np.column_stack([columns.ravel(), rows.ravel()]))
    pixels = np.repeat(np.arange(len(traced)), np.diff(traced.offsets))
    alpha = np.bincount(pixels, traced.weights, len(traced))
    depth = (means[traced.gaussians] - camera.position) @ camera.world_to_camera[2, :3]
    in_the_way = traced.weights[depth < near].sum() / len(traced)
    if (alpha > 0.5).mean() < MOSTLY or in_the_way > IN_THE_WAY:
        return None
    plain = _covered_before(traced) < COVERED
    weights = np.bincount(traced.gaussians[plain], traced.weights[plain], len(means))
    a_pixel = len(traced) / (camera.width * camera.height)
    angles = np.minimum(sizes[traced.gaussians] / np.maximum(depth, near), 1.0)
    blur = float((traced.weights * angles).sum() / traced.weights.sum())
    seen = np.flatnonzero(weights >= a_pixel).astype(np.int32)
    return Sight(camera, candidate.enclosed, seen, blur)


def _covered_before(traced: RayContributions) -> np.ndarray:
    """What lies in front of each entry of the rays: the weights before it summed up, [E]."""
    before = np.concatenate([[0.0], np.cumsum(traced.weights, dtype=np.float64)])
    return before[:-1] - np.repeat(before[traced.offsets[:-1]], np.diff(traced.offsets))


def seen_by(sights: Sequence[Sight], count: int) -> np.ndarray:
    """In how many of the views each Gaussian is seen, [count] int64."""
    return sum(
        (np.bincount(sight.gaussians, minlength=count) for sight in sights), np.zeros(count, int)
    )


def from_inside(sights: Sequence[Sight], weights: np.ndarray) -> bool:
    """Whether a scene is to be seen from enclosed places, as a room, or from outside, as a thing.

    From the wrong side pictures show the walls or the shell, but nothing of what
    stands before them: the side from which more is to be seen is the right one.

    Args:
        sights: many from either side, where there is room for them.
        weights: [N] what each Gaussian matters.
    """
    inside, outside = (
        weights[seen_by([s for s in sights if s.enclosed == side], len(weights)) > 0].sum()
        for side in (True, False)
    )
    return bool(inside > outside)


def choose(
    sights: Sequence[Sight], weights: np.ndarray, count: int, until_shown: bool
) -> list[Sight]:
    """Choose views, one at a time, the one that adds most.

    A view adds what matters of the Gaussians it sees; a Gaussian counts less
    the more of the chosen views see it, and nothing beyond `FADED`. That is more
    than `ENOUGH`, or few overviews would be chosen, which show things whole. A view
    more blurred than the sharp ones adds less: trainers fit Gaussians to the
    pixels of photographs, so that from where none was taken they look large.

    Args:
        sights: to choose from.
        weights: [N] what each Gaussian matters; they sum to 1.
        count: how many views there shall be at most.
        until_shown: no more than `FEWEST` when `SHOWN` of what any shows is in `ENOUGH` of them.
    """
    seen, worth, chosen = np.zeros(len(weights), int), weights.copy(), []
    shown = SHOWN * weights[seen_by(sights, len(weights)) > 0].sum()
    sharp = np.quantile([sight.blur for sight in sights], SHARP) if sights else 0.0
    # What a view adds only falls: one that is still ahead when measured anew adds most.
    ahead = [(-np.inf, index) for index in range(len(sights))]
    while ahead and len(chosen) < count:
        before, index = ahead[0]
        sight = sights[index]
        gain = worth[sight.gaussians].sum() * min(sharp / sight.blur, 1.0)
        if -gain > before:
            heapreplace(ahead, (-gain, index))
            continue
        heappop(ahead)
        chosen.append(sight)
        seen[sight.gaussians] += 1
        fading = np.maximum(1 - seen[sight.gaussians] / FADED, 0)
        worth[sight.gaussians] = weights[sight.gaussians] * fading
        if until_shown and len(chosen) >= FEWEST and weights[seen >= ENOUGH].sum() >= shown:
            break
    return chosen
