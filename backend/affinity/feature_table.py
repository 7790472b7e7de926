"""The trainable features of all Gaussians, touched only where a step looks."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .smoothing import smooth


class FeatureTable:
    """One feature a Gaussian, smoothed over its neighbours when read, updated row by row.

    A step on 1,000 pixels reaches some ten thousand Gaussians; a dense gradient
    and a dense optimiser over a million of them would cost more than the step.
    """

    def __init__(self, features: Tensor, neighbours: Tensor, learning_rate: float) -> None:
        """features: [N, D]; neighbours: [N, K] indices, see `nearest_neighbours`."""
        self.features = features
        self._neighbours = neighbours
        self.optimizer = torch.optim.SparseAdam([features], lr=learning_rate, eps=1e-15)
        self._slot = torch.zeros(len(features), dtype=torch.int32, device=features.device)
        self._rows = self._leaf = None

    def render(self, offsets: Tensor, gaussians: Tensor, weights: Tensor) -> Tensor:
        """Features F(p) [P, D] of traced pixels, 3D features smoothed and of unit length (Eq. 10).

        Args:
            offsets: [P + 1], pixel p has the entries offsets[p]:offsets[p + 1].
            gaussians: [E] indices.
            weights: [E] blending weights.
        """
        seen, local = self._localise(gaussians)
        neighbours = self._neighbours[seen]
        self._rows, local_neighbours = self._localise(neighbours)
        self._leaf = self.features[self._rows].requires_grad_()
        units = F.normalize(smooth(self._leaf, local_neighbours), dim=-1)
        return F.embedding_bag(
            local, units, offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
        )

    def step(self) -> None:
        """Apply the gradient of the last rendering, after `backward`, to the rows it read."""
        self.features.grad = torch.sparse_coo_tensor(
            self._rows[None], self._leaf.grad, self.features.shape,
            is_coalesced=True, check_invariants=False,
        )  # fmt: skip
        self.optimizer.step()

    def smoothed(self) -> Tensor:
        """All features as they are saved: smoothed, of unit length, [N, D]."""
        return F.normalize(smooth(self.features, self._neighbours), dim=-1)

    def _localise(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The distinct indices, sorted, and each index's place among them."""
        touched = torch.zeros(len(self.features), dtype=torch.bool, device=indices.device)
        touched[indices.flatten()] = True
        distinct = touched.nonzero().squeeze(1)
        self._slot[distinct] = torch.arange(len(distinct), dtype=torch.int32, device=indices.device)
        return distinct, self._slot[indices]
