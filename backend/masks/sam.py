"""Automatic masks: everything that segment-anything finds in a picture (Kirillov et al. 2023)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..progress import Report, silent
from .checkpoint import load_model
from .decoder import PromptedImage
from .view_masks import ViewMasks

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

LOGITS_STRIDE = 4  # pixels of the encoder's input for one pixel of the decoder's masks
STABILITY_OFFSET = 1.0  # of the logit threshold, up and down


@dataclass(frozen=True)
class MaskSettings:
    """Which points are asked, and which of their masks are kept."""

    points_per_side: int = 16  # of the grid over the picture
    predicted_iou: float = 0.86  # SAM's estimate of a mask's quality must be above
    stability: float = 0.90  # least IoU of the masks at a higher and a lower logit threshold
    nms_iou: float = 0.70  # of two masks whose boxes overlap more, the better one is kept


def load_sam(
    checkpoint: Path, device: str = "cpu", settings: MaskSettings | None = None
) -> "MaskGenerator":
    """A mask generator of any segment-anything or MobileSAM checkpoint.

    Raises:
        BadInput: the file is no such checkpoint, or damaged.
        MissingSoftware: segment-anything is not installed.
    """
    return MaskGenerator(load_model(checkpoint, device), settings or MaskSettings())


class MaskGenerator:
    """Finds masks in pictures with one SAM model."""

    def __init__(self, model: "Sam", settings: MaskSettings) -> None:
        self.model = model
        self.settings = settings

    @torch.inference_mode()
    def generate(self, image: np.ndarray, report: Report = silent) -> ViewMasks:
        """All masks of a picture on its own pixel grid, the best first.

        Args:
            image: uint8 [H, W, 3], RGB.
            report: called before each batch of points.
        """
        size = _resized_size(image, self.model.image_encoder.img_size)
        prompted = PromptedImage(self.model, self.model.image_encoder(self.encoder_input(image)))
        points = _point_grid(self.settings.points_per_side) * torch.tensor([size[1], size[0]])
        logits, predicted_iou = [], []
        batches = points.to(self.model.device).split(_batch_size(self.model.device))
        for done, batch in enumerate(batches):
            report("Finding masks", done / len(batches))
            found, quality = prompted.decode(batch, self.settings.predicted_iou)
            stable = _stability(_cut(found, size)) >= self.settings.stability
            logits.append(found[stable])
            predicted_iou.append(quality[stable])
        return self._view_masks(torch.cat(logits), torch.cat(predicted_iou), size, image.shape[:2])

    def encoder_input(self, image: np.ndarray) -> Tensor:
        """The picture scaled, normalised and padded: float [1, 3, 1024, 1024] of RGB uint8."""
        from PIL import Image

        height, width = _resized_size(image, self.model.image_encoder.img_size)
        resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(resized)).to(self.model.device)
        return self.model.preprocess(pixels.permute(2, 0, 1).float())[None]

    def _view_masks(
        self, logits: Tensor, predicted_iou: Tensor, size: tuple[int, int], full: tuple[int, int]
    ) -> ViewMasks:
        """The best of masks that overlap, at full resolution."""
        boxes = mask_boxes(_cut(logits, size) > 0).cpu().numpy()
        quality = predicted_iou.cpu().numpy()
        kept = non_maximum_suppression(boxes, quality, self.settings.nms_iou)
        packed = np.zeros((len(kept), full[0], -(-full[1] // 8)), np.uint8)
        for index, candidate in enumerate(kept):  # one at a time: full size takes memory
            mask = self.model.postprocess_masks(logits[candidate][None, None], size, full)[0, 0]
            packed[index] = np.packbits((mask > self.model.mask_threshold).cpu().numpy(), axis=-1)
        visible = packed.any(axis=(1, 2))
        return ViewMasks(packed[visible], full[1], quality[kept][visible])


def mask_boxes(masks: Tensor) -> Tensor:
    """Boxes [K, 4] (left, top, right, bottom; right and bottom outside) of masks [K, H, W]."""
    edges = []
    for covered in (masks.any(dim=1).int(), masks.any(dim=2).int()):  # columns, rows
        start = covered.argmax(dim=1)
        end = covered.shape[1] - covered.flip(1).argmax(dim=1)
        edges.append((start, end))
    (left, right), (top, bottom) = edges
    return torch.stack([left, top, right, bottom], dim=1)


def non_maximum_suppression(boxes: np.ndarray, scores: np.ndarray, most_iou: float) -> np.ndarray:
    """Indices of the boxes kept, best score first: none overlaps a better one by more than allowed.

    torchvision's own needs its compiled operators.

    Args:
        boxes: [K, 4] as of `mask_boxes`, none empty.
        scores: [K].
        most_iou: allowed IoU of two boxes that are both kept.
    """
    left, top, right, bottom = boxes.astype(np.float64).T
    areas = (right - left) * (bottom - top)
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        overlap = np.maximum(width, 0) * np.maximum(height, 0)
        order = rest[overlap <= most_iou * (areas[best] + areas[rest] - overlap)]
    return np.array(kept, np.int64)


def _resized_size(image: np.ndarray, longest: int) -> tuple[int, int]:
    """Height and width of a picture scaled so that its longest side is `longest`."""
    from segment_anything.utils.transforms import ResizeLongestSide

    return ResizeLongestSide.get_preprocess_shape(*image.shape[:2], longest)


def _point_grid(per_side: int) -> Tensor:
    """Centres of a grid over the unit square, [per_side^2, 2] (x, y)."""
    centres = (torch.arange(per_side) + 0.5) / per_side
    return torch.cartesian_prod(centres, centres).flip(1)


def _batch_size(device: torch.device) -> int:
    """Points at a time. On a CPU a few: their image tokens (4 MB each) should stay in the cache."""
    return 4 if device.type == "cpu" else 64


def _cut(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Logits [K, h, w] less the padding below or beside the picture."""
    height, width = (-(-side // LOGITS_STRIDE) for side in size)
    return logits[:, :height, :width]


def _stability(logits: Tensor) -> Tensor:
    """IoU [K] of the masks at thresholds a little above and below; NaN when both are empty."""
    inside = (logits > STABILITY_OFFSET).sum(dim=(1, 2))
    return inside / (logits > -STABILITY_OFFSET).sum(dim=(1, 2))
