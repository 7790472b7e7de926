"""Views made up for a splat that comes without photographs.

How the choice works:

1. What matters (`surface.py`). A Gaussian matters by its opacity times its
   area. One that floats by itself, or lies far outside the core of the scene,
   counts nothing; haze is capped. Points sampled by that measure lie evenly on
   the surfaces; the cells of a grid that they fill are solid. Up is across the
   axis that floors and table tops share, where there is one.
2. Places (`candidates.py`). Each of many points on the surfaces is looked at
   from a random direction and from one of four distances, close-up to overview.
   The place must be free and the line of sight clear. A place with surfaces in
   most directions is enclosed.
3. Sights (`coverage.py`). Each candidate is traced at a coarse size. A picture
   that is mostly empty or blocked by something near is dropped. If enclosed
   places show more of the scene than open ones, it is a room and seen from
   inside; else a thing, a floor or a backdrop, and seen from outside.
4. Choice. Greedily the view that adds most, a Gaussian counting less the more
   views already see it, until nearly all that any place shows is in three
   views, or there are enough of them. What is then still seen too little is
   aimed at with new candidates, and the choice is made anew among all.

Nothing is assumed of the frame of the scene, nor of its unit but that the near plane,
which is a length, cuts away little of it. Same cloud, same views.
"""

import numpy as np

from ...errors import BadInput
from ...gaussians.cloud import GaussianCloud
from ...progress import Report, silent
from ...rendering.projection import NEAR_PLANE
from ...rendering.rasterizer import Rasterizer
from ..camera import Camera
from .candidates import NEAREST, Candidate, propose
from .coverage import ENOUGH, Sight, choose, from_inside, look, seen_by
from .surface import Surface, find_surface

AUTOMATIC = 64  # views; fewer where fewer show all
AIMS = 1600  # points looked at in each round
TRACED = (160, 80, 80)  # candidates in each round


def make_up_views(
    cloud: GaussianCloud, rasterizer: Rasterizer, count: int = 0, report: Report = silent
) -> list[Camera]:
    """Choose cameras that see a scene the way a person would; see the module.

    Args:
        cloud: the scene.
        rasterizer: of the same cloud.
        count: how many views; 0 takes as many as show the scene well.
        report: called often.

    Returns:
        Cameras without names and photographs, the one that shows most first.

    Raises:
        BadInput: the scene is tiny or absurdly large, or no place shows anything of it.
    """
    rng = np.random.default_rng(0)
    sizes = cloud.scales.max(axis=1)
    surface = find_surface(cloud, rng, report)
    _require_larger_than_near_plane(surface.radius)
    weights = (surface.weights + _evenly(surface.weights)) / 2
    near = NEAREST * surface.radius
    sights: list[Sight] = []
    chosen: list[Sight] = []
    inside = None
    more = -(-count // AUTOMATIC) or 1
    for done, budget in enumerate(TRACED):
        candidates = propose(surface, _aims(cloud, surface, chosen, rng), rng)
        sides = (True, False) if inside is None else (inside,)
        most = budget * more // len(sides)
        few = [c for side in sides for c in _of_side(candidates, side)[:most]]
        for step, candidate in enumerate(few):
            fraction = (sum(TRACED[:done]) + step / more) / sum(TRACED)
            report("Making up views", fraction, f"{len(chosen)} chosen")
            if sight := look(rasterizer, cloud.means, sizes, candidate, near):
                sights.append(sight)
        if inside is None:
            inside = from_inside(sights, weights)
            sights = [sight for sight in sights if sight.enclosed == inside]
        chosen = choose(sights, weights, count or AUTOMATIC, until_shown=not count)
    report("Making up views", 1.0)
    if not chosen:
        raise BadInput(
            "No place was found from which a camera would see this scene.",
            "Give the cameras of its photographs instead.",
        )
    return [sight.camera for sight in chosen]


def _require_larger_than_near_plane(radius: float) -> None:
    if radius < NEAR_PLANE:
        raise BadInput(
            f"The scene is too small: its core measures {2 * radius:.1g} units, and nothing is "
            f"drawn that is nearer to a camera than {NEAR_PLANE:g} units.",
            "Scale it up in Blender, export it, and go on with what was exported.",
        )


def _evenly(weights: np.ndarray) -> np.ndarray:
    """The same weight for every Gaussian that matters: small ones are the detail."""
    return (weights > 0) / np.count_nonzero(weights)


def _aims(
    cloud: GaussianCloud, surface: Surface, chosen: list[Sight], rng: np.random.Generator
) -> np.ndarray:
    """Points to look at, [AIMS, 3]: at first by area and detail, later what is seen too little.

    In no order: the first of them have to stand for all.
    """
    if not chosen:
        by_area = rng.choice(surface.points, AIMS // 2)
        by_detail = rng.choice(len(cloud), AIMS // 2, p=_evenly(surface.weights))
        return rng.permutation(np.concatenate([by_area, cloud.means[by_detail]]))
    lacking = surface.weights * np.maximum(ENOUGH - seen_by(chosen, len(cloud)), 0)
    if not lacking.any():
        lacking = surface.weights
    return cloud.means[rng.choice(len(cloud), AIMS, p=lacking / lacking.sum())].astype(np.float64)


def _of_side(candidates: list[Candidate], enclosed: bool) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.enclosed == enclosed]
