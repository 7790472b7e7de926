"""The trainable features of all Gaussians, touched only where a step looks."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..rendering.rasterizer import RayContributions
from .smoothing import smooth

BETA_MEAN, BETA_SQUARE, EPSILON = 0.9, 0.999, 1e-15  # of Adam


class FeatureTable:
    """One feature a Gaussian, smoothed over its neighbours when read, updated row by row.

    A step on 1,000 pixels reaches some ten thousand Gaussians; a dense gradient
    and a dense optimiser over a million of them would cost more than the step.
    """

    def __init__(self, features: Tensor, neighbours: Tensor) -> None:
        """features: [N, D], trained in place; neighbours: [N, K] indices on the same device."""
        self.features = features
        self.mean_gradient = torch.zeros_like(features)
        self.mean_square = torch.zeros_like(features)
        self.steps_done = 0
        self._neighbours = neighbours
        self._slot = torch.full((len(features),), -1, dtype=torch.int32, device=features.device)

    def render(self, traced: RayContributions) -> Tensor:
        """Features F(p) [P, D] of traced pixels, 3D features smoothed and of unit length (Eq. 10).

        Gradients don't flow through it: hand the result's to `step`.
        """
        offsets, gaussians, weights = (
            torch.from_numpy(array).to(self.features.device)
            for array in (traced.offsets, traced.gaussians, traced.weights)
        )
        seen, local = self._localise(gaussians)
        self._rows, local_neighbours = self._localise(self._neighbours[seen])
        self._leaf = self.features[self._rows].requires_grad_()
        with torch.enable_grad():
            units = F.normalize(smooth(self._leaf, local_neighbours), dim=-1)
            self._rendered = F.embedding_bag(
                local, units, offsets, mode="sum", per_sample_weights=weights,
                include_last_offset=True,
            )  # fmt: skip
        return self._rendered.detach()

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """One step of Adam on the rows that the last rendering read.

        Args:
            gradient: [P, D] of the loss by that rendering.
            learning_rate: of this step.
        """
        (by_row,) = torch.autograd.grad(self._rendered, self._leaf, gradient)
        step_size = self._step_size(learning_rate)
        mean = self.mean_gradient[self._rows].lerp_(by_row, 1 - BETA_MEAN)
        square = self.mean_square[self._rows].lerp_(by_row**2, 1 - BETA_SQUARE)
        self.mean_gradient[self._rows], self.mean_square[self._rows] = mean, square
        self.features[self._rows] -= step_size * mean / (square.sqrt() + EPSILON)

    def smoothed(self) -> Tensor:
        """All features as they are saved: smoothed, of unit length, [N, D]."""
        return F.normalize(smooth(self.features, self._neighbours), dim=-1)

    def state(self) -> dict[str, Tensor]:
        """What the next step depends on, beside the number of steps that were done."""
        names = "features", "mean_gradient", "mean_square"
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Tensor], steps_done: int) -> None:
        """Go back to a state."""
        self.steps_done = steps_done
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def _step_size(self, learning_rate: float) -> float:
        """The next step's, with Adam's correction of both means for their start at zero."""
        self.steps_done += 1
        unbiased_mean = 1 - BETA_MEAN**self.steps_done
        unbiased_square = 1 - BETA_SQUARE**self.steps_done
        return learning_rate * unbiased_square**0.5 / unbiased_mean

    def _localise(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The distinct indices, sorted, and each index's place among them."""
        touched = torch.zeros(len(self.features), dtype=torch.bool, device=indices.device)
        touched[indices.flatten()] = True
        distinct = touched.nonzero().squeeze(1)
        self._slot[distinct] = torch.arange(len(distinct), dtype=torch.int32, device=indices.device)
        return distinct, self._slot[indices]
