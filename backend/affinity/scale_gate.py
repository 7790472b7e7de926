"""The scale gate S: [0, 1] -> [0, 1]^D (Eq. 3)."""

import torch
from torch import Tensor, nn


class ScaleGate(nn.Module):
    """One linear layer and a sigmoid, the paper's extremely streamlined gate."""

    def __init__(self, dim: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(dim, generator=generator))
        self.bias = nn.Parameter(torch.zeros(dim))

    @classmethod
    def opened(cls, dim: int) -> "ScaleGate":
        """A gate that lets everything through at every scale, and stays so in training."""
        gate = cls(dim)
        nn.init.zeros_(gate.weight)
        nn.init.constant_(gate.bias, torch.inf)
        return gate

    def forward(self, scales: Tensor) -> Tensor:
        """Gate vectors [S, D] of scales [S] in [0, 1]."""
        return torch.sigmoid(scales[:, None] * self.weight + self.bias)
