"""Training of the affinity features and the scale gate (Sec. 3.4, A.1, A.2)."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..errors import BadInput
from ..progress import Report, silent
from .correspondence import identity_vectors, mask_correspondence
from .feature_table import FeatureTable
from .field import AffinityField
from .loss import pair_weights, saga_loss
from .ray_bank import ViewRays
from .scale_gate import ScaleGate
from .scale_map import ScaleMap
from .smoothing import nearest_neighbours
from .spectral import spectral_features


@dataclass(frozen=True)
class Recipe:
    """How to train. The paper's numbers are in A.2."""

    steps: int
    pixels: int  # sampled in a step
    scales: int  # sampled in a step
    learning_rate: float
    warm_start: bool  # spectral features instead of random ones
    dim: int = 32  # D
    neighbours: int = 16  # K of local feature smoothing


RECIPES = {
    "paper": Recipe(steps=10_000, pixels=1_000, scales=8, learning_rate=2.5e-3, warm_start=False),
    "fast": Recipe(steps=300, pixels=500, scales=4, learning_rate=1e-2, warm_start=True),
}


def recipe_named(name: str, steps: int = 0) -> Recipe:
    """A recipe by its name, with another number of steps where that is above zero.

    Raises:
        BadInput: for an unknown name or a negative number of steps.
    """
    if name not in RECIPES:
        raise BadInput(f"There is no recipe {name!r}.", f"Choose one of {', '.join(RECIPES)}.")
    if steps < 0:
        raise BadInput(f"{steps} steps cannot be trained.", "Give a number above zero.")
    return replace(RECIPES[name], steps=steps) if steps else RECIPES[name]


def train_field(
    means: np.ndarray,
    bank: list[ViewRays],
    recipe: Recipe,
    seed: int = 0,
    device: str = "cpu",
    report: Report = silent,
) -> tuple[AffinityField, float]:
    """Train affinity features on a ray bank.

    Args:
        means: [N, 3] of the Gaussians that the bank's indices refer to.
        bank: traced views, at least one.
        recipe: see `Recipe`.
        seed: same seed, same result on the CPU.
        device: of torch.
        report: told the step and the running loss.

    Returns:
        The field, and the mean loss of the last steps.
    """
    rng = np.random.default_rng(seed)
    generator = torch.Generator(device).manual_seed(seed)
    scale_map = ScaleMap.fit(np.concatenate([rays.mask_scales for rays in bank]))
    table = _feature_table(means, bank, recipe, rng, device, report)
    gate = ScaleGate(recipe.dim, torch.Generator().manual_seed(seed)).to(device)
    gate_optimizer = torch.optim.Adam(gate.parameters(), lr=recipe.learning_rate, eps=1e-15)
    running = 0.0
    for step in range(recipe.steps):
        rays = bank[rng.integers(len(bank))]
        loss = _step_loss(rays, table, gate, scale_map, recipe, rng, generator)
        gate_optimizer.zero_grad()
        loss.backward()
        table.step()
        gate_optimizer.step()
        running = loss.item() if step == 0 else 0.95 * running + 0.05 * loss.item()
        report("Training", (step + 1) / recipe.steps, f"loss {running:.3f}")
    return AffinityField(table.smoothed(), gate, scale_map), running


def _feature_table(means, bank, recipe, rng, device, report) -> FeatureTable:
    report("Finding neighbours", 0.0)
    neighbours = nearest_neighbours(means, recipe.neighbours)
    features = 1e-2 * rng.standard_normal((len(means), recipe.dim)).astype(np.float32)
    if recipe.warm_start:
        features += spectral_features(bank, len(means), recipe.dim, rng, report)
    return FeatureTable(
        torch.from_numpy(features).to(device),
        torch.from_numpy(neighbours).to(device),
        recipe.learning_rate,
    )


def _step_loss(rays, table, gate, scale_map, recipe, rng, generator) -> torch.Tensor:
    device = generator.device
    pixels = rng.choice(len(rays), min(recipe.pixels, len(rays)), replace=False)
    features = table.render(*(torch.from_numpy(a).to(device) for a in rays.take(pixels)))
    strata = (np.arange(recipe.scales) + rng.random(recipe.scales)) / recipe.scales
    scales = torch.from_numpy(strata).float().to(device)
    mask_units = torch.from_numpy(scale_map.to_unit(rays.mask_scales)).float()
    membership = torch.from_numpy(rays.membership[pixels])
    identities = identity_vectors(membership.to(device), mask_units.to(device), scales)
    areas = torch.from_numpy(rays.mean_mask_areas[pixels]).float().to(device)
    return saga_loss(
        features, gate(scales), mask_correspondence(identities), pair_weights(areas), generator
    )
