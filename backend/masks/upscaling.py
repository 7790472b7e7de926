"""From the mask decoder's coarse logits to masks on the picture's own grid.

The result is that of segment-anything, which scales each mask up to the encoder's
input, cuts off its padding and scales it to the picture. Both steps are linear
and act on rows and columns apart, so they are two small matrices, and what a
mask does not reach need never be computed.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

STABILITY_OFFSET = 1.0  # of the logit threshold, up and down


@dataclass(frozen=True)
class Upscaling:
    """What takes logits [h, w] to the picture's H x W pixels."""

    rows: Tensor  # [H, h]
    columns: Tensor  # [W, w]

    @classmethod
    def of(
        cls, grid: tuple[int, int], padded: int, size: tuple[int, int], full: tuple[int, int]
    ) -> "Upscaling":
        """For logits of a grid (h, w).

        Args:
            grid: height and width of the logits.
            padded: side of the encoder's input.
            size: height and width of the picture in it.
            full: height and width of the picture itself.
        """
        rows, columns = (
            _interpolation(*sides, padded) for sides in zip(grid, size, full, strict=True)
        )
        return cls(rows, columns)

    @property
    def full(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return len(self.rows), len(self.columns)

    def to(self, device: torch.device) -> "Upscaling":
        return Upscaling(self.rows.to(device), self.columns.to(device))

    def stable(self, logits: Tensor, least: float) -> tuple[Tensor, Tensor]:
        """Which masks hardly depend on the threshold, and their boxes.

        Args:
            logits: [K, h, w].
            least: IoU of the masks at a higher and a lower threshold, at full size.

        Returns:
            Indices [S] into the logits, and boxes [S, 4] as of `mask_boxes`.
        """
        corners, windows = self._windows(logits, -STABILITY_OFFSET)
        inside = [(values > STABILITY_OFFSET).sum() for values in windows]
        around = [(values > -STABILITY_OFFSET).sum() for values in windows]
        counts = torch.tensor([inside, around], dtype=torch.float64).reshape(2, -1)
        kept = torch.nonzero(counts[0] / counts[1] >= least)[:, 0]  # NaN where both are empty
        boxes = [mask_boxes(windows[k][None] > 0)[0] + corners[k].repeat(2) for k in kept.tolist()]
        return kept, torch.stack(boxes) if boxes else corners.new_zeros((0, 4))

    def mask(self, logits: Tensor) -> Tensor:
        """The mask of logits [h, w], boolean [H, W]."""
        corners, windows = self._windows(logits[None], 0.0)
        left, top = corners[0].tolist()
        height, width = windows[0].shape
        mask = logits.new_zeros(self.full, dtype=torch.bool)
        mask[top : top + height, left : left + width] = windows[0] > 0
        return mask

    def _windows(self, logits: Tensor, threshold: float) -> tuple[Tensor, list[Tensor]]:
        """Where masks can reach: corners [K, 2] (x, y) and the logits there at full size."""
        above = logits > threshold
        left, right = _extent(above.any(dim=1).float() @ self.columns.T > 0)
        top, bottom = _extent(above.any(dim=2).float() @ self.rows.T > 0)
        sides = torch.stack([left, top, right, bottom], dim=1)
        windows = [
            self.rows[y:y_end] @ one @ self.columns[x:x_end].T
            for one, (x, y, x_end, y_end) in zip(logits, sides.tolist(), strict=True)
        ]
        return sides[:, :2], windows


def mask_boxes(masks: Tensor) -> Tensor:
    """Boxes [K, 4] of masks [K, H, W]: first column and row, last column and row."""
    left, right = _extent(masks.any(dim=1))
    top, bottom = _extent(masks.any(dim=2))
    return torch.stack([left, top, right - 1, bottom - 1], dim=1)


def _extent(covered: Tensor) -> tuple[Tensor, Tensor]:
    """First and one past the last of what is covered in each row of [K, n]; 0, 0 for nothing."""
    start = covered.int().argmax(dim=1)
    end = covered.shape[1] - covered.flip(1).int().argmax(dim=1)
    return start, torch.where(covered.any(dim=1), end, 0)


def _interpolation(coarse: int, size: int, full: int, padded: int) -> Tensor:
    """The matrix [full, coarse] of both steps along one axis."""
    steps = F.interpolate(torch.eye(coarse)[None], padded, mode="linear")[..., :size]
    return F.interpolate(steps, full, mode="linear")[0].T.contiguous()
