"""Training of the affinity features and the scale gate (Sec. 3.4, A.1, A.2)."""

import numpy as np
import torch
from torch import Tensor

from ..memory.fallback import Fallback
from ..progress import Report, silent
from .adam import Adam
from .checkpoint import Checkpoint
from .correspondence import SampledPixels
from .feature_table import FeatureTable
from .feature_table_cpu import CpuFeatureTable
from .field import AffinityField
from .loss import norm_loss, pair_loss
from .ray_bank import ViewRays
from .recipes import Recipe
from .scale_gate import ScaleGate
from .scale_map import ScaleMap
from .smoothing import ROWS, nearest_neighbours
from .warm_start import starting_features, starting_gate


class Trainer:
    """Features and gate on their way; equal seeds go equal ways on the CPU."""

    def __init__(
        self,
        means: np.ndarray,
        bank: list[ViewRays],
        recipe: Recipe,
        seed: int = 0,
        device: str = "cpu",
        report: Report = silent,
    ) -> None:
        """
        Args:
            means: [N, 3] of the Gaussians that the bank's indices refer to.
            bank: traced views, at least one.
            recipe: see `Recipe`.
            seed: of everything random.
            device: of torch.
            report: told how the start is made.
        """
        self.recipe = recipe
        self.scale_map = ScaleMap.fit(np.concatenate([rays.mask_scales for rays in bank]))
        self.steps_done = 0
        self.loss = 0.0  # running mean
        self._bank = bank
        self._rng = np.random.default_rng(seed)
        neighbours = nearest_neighbours(means, recipe.neighbours, report)
        features = self._noise(len(means), report)
        if recipe.warm_start:
            shape = len(means), recipe.dim
            features += starting_features(bank, self.scale_map, *shape, self._rng, report)
            report("Training", 0.0)
        self._gate = _first_gate(recipe, seed)
        self._place("cpu", torch.from_numpy(features), torch.from_numpy(neighbours))
        self._wanted_device = device

    def run(self, report: Report = silent, checkpoint: Checkpoint | None = None) -> AffinityField:
        """Do the steps that are still to be done, from where the checkpoint is on."""
        # No chunks: a step is small. Not kept: it holds this, which is too large to wait for gc.
        fallback = Fallback(lambda: self._move("cpu"))
        if self._device != self._wanted_device:
            fallback.run(lambda: self._move(self._wanted_device))
        like, _ = self._state()
        if checkpoint is not None and (saved := checkpoint.load(like, self.recipe.steps)):
            self._restore(*saved)
        report("Training", self.steps_done / self.recipe.steps)
        while self.steps_done < self.recipe.steps:
            fallback.run(self.step)
            if checkpoint is not None and checkpoint.is_due():
                checkpoint.save(*self._state())
            notes = f"loss {self.loss:.3f}", fallback.note, checkpoint and checkpoint.note
            detail = ", ".join(filter(None, notes))
            report("Training", self.steps_done / self.recipe.steps, detail)
        features = fallback.run(lambda: self._table.smoothed(report))
        return AffinityField(features, self._gate, self.scale_map)

    def step(self) -> None:
        """One step on a random view."""
        rate = self._annealed()
        rays = self._bank[self._rng.integers(len(self._bank))]
        sample = self._rng.choice(len(rays), min(self.recipe.pixels, len(rays)), replace=False)
        features = self._table.render(rays.traced.take(sample)).requires_grad_()
        loss = self._loss(features, self._pixels(rays, sample))
        by_features, *by_gate = torch.autograd.grad(loss, [features, *self._gate.parameters()])
        self._table.step(by_features, rate * self.recipe.learning_rate)
        for adam, gradient in zip(self._gate_adams.values(), by_gate, strict=True):
            adam.step(gradient, rate * self.recipe.gate_learning_rate)
        value = loss.item()
        self.loss = value if self.steps_done == 0 else 0.95 * self.loss + 0.05 * value
        self.steps_done += 1

    def _noise(self, count: int, report: Report) -> np.ndarray:
        """Small random features [N, D], all that a Gaussian has which no mask shows."""
        noise = np.empty((count, self.recipe.dim), np.float32)
        for start in range(0, count, ROWS):
            report("Finding neighbours", 1.0)  # hears a cancel; too short for a stage of its own
            block = noise[start : start + ROWS]
            self._rng.standard_normal(dtype=np.float32, out=block)
            block *= np.float32(1e-2)
        return noise

    def _pixels(self, rays: ViewRays, sample: np.ndarray) -> SampledPixels:
        """What the masks say of some pixels of a view, at scales drawn for the step."""
        areas = rays.mean_mask_areas[sample] if self.recipe.reweighted else np.ones(len(sample))
        return SampledPixels(
            rays.membership[sample],
            np.float32(self.scale_map.to_unit(rays.mask_scales)),
            np.float32(areas),
            np.float32(self._sampled_scales()),
        )

    def _loss(self, features: Tensor, pixels: SampledPixels) -> Tensor:
        """Eq. 13."""
        gates = self._gate(self._tensor(pixels.scales))
        seed = int(self._rng.integers(2**63)) if self.recipe.resampled else None
        loss = pair_loss(features, gates, pixels, seed)
        return loss + norm_loss(features) if self.recipe.norm_term else loss

    def _annealed(self) -> float:
        """The share of the learning rates that the next step goes by."""
        done = self.steps_done / self.recipe.steps if self.recipe.annealed else 0.0
        return 0.5 * (1 + np.cos(np.pi * done))

    def _sampled_scales(self) -> np.ndarray:
        """Both ends of [0, 1], where most of what is clicked is told apart, and spread between."""
        count = self.recipe.scales - 2
        between = (np.arange(count) + self._rng.random(count)) / count
        return np.concatenate([[0.0], between, [1.0]])

    def _state(self) -> tuple[dict[str, Tensor], dict]:
        """Everything that the next step depends on: tensors, and numbers for JSON."""
        tensors = {
            f"{name}.{key}": tensor
            for name, adam in self._adams().items()
            for key, tensor in adam.state().items()
        }
        numbers = {"steps_done": self.steps_done, "loss": self.loss}
        return tensors, numbers | {"rng": self._rng.bit_generator.state}

    def _restore(self, tensors: dict[str, Tensor], numbers: dict) -> None:
        """Go back to a state."""
        self.steps_done, self.loss = numbers["steps_done"], numbers["loss"]
        self._rng.bit_generator.state = numbers["rng"]
        for name, adam in self._adams().items():
            state = {key: tensors[f"{name}.{key}"] for key in adam.state()}
            adam.restore(state, self.steps_done)

    def _adams(self) -> dict[str, Adam]:
        return {"features": self._table.adam} | self._gate_adams

    def _place(self, device: str, features: Tensor, neighbours: Tensor) -> None:
        """Begin on a device, from these features [N, D] and indices [N, K]."""
        table = CpuFeatureTable if device == "cpu" else FeatureTable
        self._table = table(features.to(device), neighbours.to(device))
        gate_values = self._gate.to(device).named_parameters()
        self._gate_adams = {name: Adam(values.data) for name, values in gate_values}
        self._device = device

    def _move(self, device: str) -> None:
        """Go on from where it stands on another device."""
        state = self._state()
        self._place(device, self._table.features, self._table.neighbours)
        self._restore(*state)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)


def _first_gate(recipe: Recipe, seed: int) -> ScaleGate:
    """The scale gate before the first step."""
    if not recipe.gated:
        return ScaleGate.opened(recipe.dim)
    if recipe.warm_start:
        return starting_gate(recipe.dim)
    return ScaleGate(recipe.dim, torch.Generator().manual_seed(seed))
