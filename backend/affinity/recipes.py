"""How a field is trained: the paper's recipe (A.2), and the fast one."""

from dataclasses import dataclass, replace

from ..errors import BadInput

FEW_GAUSSIANS = 100_000


@dataclass(frozen=True)
class Recipe:
    """Settings of the trainer. The last four, and one neighbour, are for ablations (Fig. 5)."""

    steps: int
    pixels: int  # sampled in a step
    scales: int  # sampled in a step, at least 3
    learning_rate: float  # of the features
    gate_learning_rate: float
    warm_start: bool  # features and gate from the masks instead of random ones
    annealed: bool  # the learning rates fall to zero, along a cosine
    dim: int = 32  # D
    neighbours: int = 16  # K of local feature smoothing; 1 is none
    gated: bool = True  # Eq. 3
    norm_term: bool = True  # Eq. 11
    resampled: bool = True  # A.1
    reweighted: bool = True  # A.1


RECIPES = {
    "paper": Recipe(
        steps=10_000,
        pixels=1_000,
        scales=8,
        learning_rate=2.5e-3,
        gate_learning_rate=2.5e-3,
        warm_start=False,
        annealed=False,
    ),
    "fast": Recipe(
        steps=400,
        pixels=700,
        scales=4,
        learning_rate=1e-2,
        gate_learning_rate=2e-2,
        warm_start=True,
        annealed=True,
        dim=64,
    ),
}


def recipe_named(name: str, gaussians: int, steps: int = 0) -> Recipe:
    """A recipe by its name, for a scene of a size.

    Args:
        name: of `RECIPES`.
        gaussians: N; the fast recipe takes more steps above `FEW_GAUSSIANS`, as a
            step reaches a smaller share of them.
        steps: to be done instead of the recipe's own, where above zero.

    Raises:
        BadInput: for an unknown name or a negative number of steps.
    """
    if name not in RECIPES:
        raise BadInput(f"There is no recipe {name!r}.", f"Choose one of {', '.join(RECIPES)}.")
    if steps < 0:
        raise BadInput(f"{steps} steps cannot be trained.", "Give a number above zero.")
    recipe = RECIPES[name]
    if not steps and name == "fast":
        steps = round(recipe.steps * max(gaussians / FEW_GAUSSIANS, 1.0) ** 0.6)
    return replace(recipe, steps=steps or recipe.steps)
