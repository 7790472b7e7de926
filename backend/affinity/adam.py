"""Adam on a whole tensor or some of its rows.

Not torch.optim: its first optimiser imports a compiler, a silent second before the first step.
"""

from types import EllipsisType

import torch
from torch import Tensor

BETA_MEAN, BETA_SQUARE, EPSILON = 0.9, 0.999, 1e-15


class Adam:
    """Values that are trained in place, and the running means of their gradients.

    Rows that a step leaves out keep their means, as sparse Adam does.
    """

    def __init__(self, values: Tensor) -> None:
        """values: [N, ...]."""
        self.values = values
        self.mean_gradient = torch.zeros_like(values)
        self.mean_square = torch.zeros_like(values)
        self.steps_done = 0

    def step(
        self, gradient: Tensor, learning_rate: float, rows: Tensor | EllipsisType = ...
    ) -> None:
        """One step on the rows [R] (all of them unless given) that the gradient [R, ...] is of."""
        step_size = self.step_size(learning_rate)
        mean = self.mean_gradient[rows].lerp(gradient, 1 - BETA_MEAN)
        square = self.mean_square[rows].lerp(gradient**2, 1 - BETA_SQUARE)
        values = self.values[rows] - step_size * mean / (square.sqrt() + EPSILON)
        # Only now that nothing more takes memory: a step that fails of it changes nothing.
        self.mean_gradient[rows], self.mean_square[rows] = mean, square
        self.values[rows] = values
        self.steps_done += 1

    def step_size(self, learning_rate: float) -> float:
        """The next step's, with the correction of both means for their start at zero."""
        unbiased_mean = 1 - BETA_MEAN ** (self.steps_done + 1)
        unbiased_square = 1 - BETA_SQUARE ** (self.steps_done + 1)
        return learning_rate * unbiased_square**0.5 / unbiased_mean

    def state(self) -> dict[str, Tensor]:
        """What the next step depends on, beside the number of steps that were done."""
        names = "values", "mean_gradient", "mean_square"
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Tensor], steps_done: int) -> None:
        """Go back to a state."""
        self.steps_done = steps_done
        for name, tensor in self.state().items():
            tensor.copy_(state[name])
