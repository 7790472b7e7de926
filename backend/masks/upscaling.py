"""From the mask decoder's coarse logits to masks on the picture's own grid, or one that will do.

The result is that of segment-anything, which scales each mask up to the encoder's
input, cuts off its padding and scales it to the picture. Both steps are linear
and act on rows and columns apart, so they are two small matrices, and what a
mask does not reach need never be computed.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

STABILITY_OFFSET = 1.0  # of the logit threshold, up and down
GPU_PIXELS = 1 << 25  # of masks at full size at once
# Pixels of a mask's longest side. Logits have 256: of 145 masks of photographs with 4,000 each
# fitted one at this size with an IoU above 0.96; at 1,024 two did with less than 0.95.
LONGEST_SIDE = 1536


@dataclass(frozen=True)
class Upscaling:
    """What takes logits [h, w] to the H x W pixels of masks."""

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
            full: height and width of the masks.
        """
        rows, columns = (
            _interpolation(*sides, padded) for sides in zip(grid, size, full, strict=True)
        )
        return cls(rows, columns)

    @property
    def full(self) -> tuple[int, int]:
        """Height and width of the masks."""
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
        ious, boxes = [], []
        for group in self._groups(logits):
            corner, values = self._reached(group, -STABILITY_OFFSET)
            inside = (values > STABILITY_OFFSET).sum(dim=(1, 2))
            around = (values > -STABILITY_OFFSET).sum(dim=(1, 2))
            ious.append(inside.double() / around)  # NaN where both are empty
            boxes.append(mask_boxes(values > 0) + corner.repeat(2))
        kept = torch.nonzero(torch.cat(ious) >= least)[:, 0]
        return kept, torch.cat(boxes)[kept]

    def packed(self, logits: Tensor) -> np.ndarray:
        """The masks of logits [K, h, w] as in `ViewMasks`: uint8 [K, H, ceil(W / 8)]."""
        packed = []
        for group in self._groups(logits):  # full size takes memory
            (left, top), values = self._reached(group, 0.0)
            masks = values.new_zeros((len(group), *self.full), dtype=torch.bool)
            height, width = values.shape[1:]
            masks[:, top : top + height, left : left + width] = values > 0
            packed.append(
                _packbits(masks) if masks.is_cuda else np.packbits(masks.numpy(), axis=-1)
            )
        return np.concatenate(packed)

    def _groups(self, logits: Tensor) -> tuple[Tensor, ...]:
        """Masks that are scaled up at once: on a GPU many, on a CPU one, which stays cached."""
        pixels = len(self.rows) * len(self.columns)
        return logits.split(max(1, GPU_PIXELS // pixels) if logits.is_cuda else 1)

    def _reached(self, logits: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
        """Where any of masks can reach: its corner (x, y), and the logits there at full size."""
        above = (logits > threshold).any(dim=0)
        left, right = _extent(above.any(dim=0).float() @ self.columns.T > 0)
        top, bottom = _extent(above.any(dim=1).float() @ self.rows.T > 0)
        sides = torch.stack([left, top, right, bottom])
        x, y, x_end, y_end = sides.tolist()
        return sides[:2], self.rows[y:y_end] @ logits @ self.columns[x:x_end].T


def mask_grid(picture: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the masks that are made of a picture of a height and width."""
    return picture if max(picture) <= LONGEST_SIDE else scaled_to(picture, LONGEST_SIDE)


def scaled_to(picture: tuple[int, int], longest: int) -> tuple[int, int]:
    """Height and width scaled so that the longer is `longest`, as segment-anything rounds them."""
    scale = longest / max(picture)
    height, width = (max(1, int(side * scale + 0.5)) for side in picture)
    return height, width


def mask_boxes(masks: Tensor) -> Tensor:
    """Boxes [K, 4] of masks [K, H, W]: first column and row, last column and row."""
    left, right = _extent(masks.any(dim=1))
    top, bottom = _extent(masks.any(dim=2))
    return torch.stack([left, top, right - 1, bottom - 1], dim=1)


def _packbits(masks: Tensor) -> np.ndarray:
    """As np.packbits along the last axis, before they leave the GPU: an eighth of the bytes."""
    eights = F.pad(masks, (0, -masks.shape[-1] % 8)).unflatten(-1, (-1, 8))
    bits = torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], dtype=torch.uint8).to(masks.device)
    return (eights * bits).sum(dim=-1, dtype=torch.uint8).cpu().numpy()


def _extent(covered: Tensor) -> tuple[Tensor, Tensor]:
    """First and one past the last of what is covered in each row of [..., n]; all for nothing."""
    start = covered.int().argmax(dim=-1)
    return start, covered.shape[-1] - covered.flip(-1).int().argmax(dim=-1)


def _interpolation(coarse: int, size: int, full: int, padded: int) -> Tensor:
    """The matrix [full, coarse] of both steps along one axis."""
    steps = F.interpolate(torch.eye(coarse)[None], padded, mode="linear")[..., :size]
    return F.interpolate(steps, full, mode="linear")[0].T.contiguous()
