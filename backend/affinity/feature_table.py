"""The trainable features of all Gaussians, touched only where a step looks."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..progress import Report, silent
from ..rendering.rasterizer import RayContributions
from .adam import Adam
from .smoothing import ROWS, smooth


class FeatureTable:
    """One feature a Gaussian, smoothed over its neighbours when read, updated row by row.

    A step on 1,000 pixels reaches some ten thousand Gaussians; a dense gradient
    and a dense optimiser over a million of them would cost more than the step.
    """

    def __init__(self, features: Tensor, neighbours: Tensor) -> None:
        """features: [N, D], trained in place; neighbours: [N, K] indices on the same device."""
        self.features = features
        self.adam = Adam(features)
        self.neighbours = neighbours
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
        self._rows, local_neighbours = self._localise(self.neighbours[seen])
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
        self.adam.step(by_row, learning_rate, self._rows)

    def smoothed(self, report: Report = silent) -> Tensor:
        """All features as they are saved: smoothed, of unit length, [N, D]."""
        units = torch.empty_like(self.features)
        for start in range(0, len(units), ROWS):
            report("Smoothing the features", start / len(units))
            rows = slice(start, start + ROWS)
            units[rows] = F.normalize(smooth(self.features, self.neighbours[rows]), dim=-1)
        return units

    def _localise(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The distinct indices, sorted, and each index's place among them."""
        touched = torch.zeros(len(self.features), dtype=torch.bool, device=indices.device)
        touched[indices.flatten()] = True
        distinct = touched.nonzero().squeeze(1)
        self._slot[distinct] = torch.arange(len(distinct), dtype=torch.int32, device=indices.device)
        return distinct, self._slot[indices]
