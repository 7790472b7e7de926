"""Automatic masks: everything that segment-anything finds in a picture (Kirillov et al. 2023)."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..memory.fallback import Fallback
from ..progress import Report, silent
from .checkpoint import load_model
from .decoder import PromptedImage
from .prompts import PointGrid
from .upscaling import Upscaling, mask_grid, scaled_to
from .view_masks import ViewMasks

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

LOGITS_STRIDE = 4  # pixels of the encoder's input for one pixel of the decoder's masks
CPU_BATCH, GPU_BATCH = 4, 64  # points
EMPTY = np.zeros((768, 1024, 3), np.uint8)  # a picture


@dataclass(frozen=True)
class MaskSettings:
    """Which points are asked, and which of their masks are kept."""

    points_per_side: int = 16  # of the grid over the picture
    most_points: int = 256  # of the grid; where it has more, those that masks explain the least
    predicted_iou: float = 0.86  # SAM's estimate of a mask's quality must be above
    stability: float = 0.90  # least IoU of the masks at a higher and a lower logit threshold
    nms_iou: float = 0.70  # of two masks whose boxes overlap more, the better one is kept
    half: bool = False  # the model computes in half precision; masks are cut in single


def settings_for(device: str) -> MaskSettings:
    """Segment-anything's own dense grid on a GPU, in half precision; on a CPU few points.

    64 points where the picture looks new find the selections of all 256 of a coarse grid in a
    third of the time (`benchmarks.prompts`).
    """
    if device == "cuda":
        return MaskSettings(32, 1024, half=True)
    return MaskSettings(most_points=64, stability=0.85)


def load_sam(
    checkpoint: Path, device: str = "cpu", settings: MaskSettings | None = None
) -> "MaskGenerator":
    """A mask generator of any segment-anything or MobileSAM checkpoint.

    Args:
        checkpoint: as segment-anything or MobileSAM publish them.
        device: a torch device.
        settings: None for what suits the device.

    Raises:
        BadInput: the file is no such checkpoint, or damaged.
        MissingSoftware: segment-anything is not installed.
    """
    return MaskGenerator(load_model(checkpoint), settings or settings_for(device), device)


class MaskGenerator:
    """Finds masks in pictures with one SAM model; where a GPU's memory is full, with less of it."""

    def __init__(self, model: "Sam", settings: MaskSettings, device: str = "cpu") -> None:
        self.model = model
        self.settings = settings
        # Points at a time. On a CPU few: their image tokens (4 MB each) should stay cached.
        self._fallback = Fallback(self._to_cpu, CPU_BATCH if device == "cpu" else GPU_BATCH)
        self._fallback.run(lambda: self.model.to(device))

    @torch.inference_mode()
    def estimate(self) -> tuple[str, float]:
        """How pictures are asked, in the user's words, and about how many seconds each will take.

        Measured on an empty picture.
        """
        return self._fallback.run(self._estimate)

    def _estimate(self) -> tuple[str, float]:
        points = PointGrid(self.settings.points_per_side, self.settings.most_points)
        batch = self._to_input(points.take(self._fallback.chunk), EMPTY.shape[:2])
        start = time.perf_counter()
        prompted = self._prompted(EMPTY)
        encoded = time.perf_counter()
        self._decode(prompted, batch, -1.0)[1].cpu()  # which waits for a GPU
        ended = time.perf_counter()
        seconds = encoded - start + (ended - encoded) * points.most / len(batch)
        place = "CPU" if self.model.device.type == "cpu" else "GPU"
        how = f"{points.most} points each on the {place}"
        return how + self.settings.half * " in half precision", seconds

    @torch.inference_mode()
    def generate(self, image: np.ndarray, report: Report = silent) -> ViewMasks:
        """All masks of a picture on its `mask_grid`, the best first.

        Args:
            image: uint8 [H, W, 3], RGB.
            report: called before each batch of points.
        """
        return self._fallback.run(lambda: self._generate(image, report))

    def _generate(self, image: np.ndarray, report: Report) -> ViewMasks:
        full, side = image.shape[:2], self.model.image_encoder.img_size
        prompted = self._prompted(image)
        upscaling = Upscaling.of(
            prompted.logits_size, side, scaled_to(full, side), mask_grid(full)
        ).to(self.model.device)
        points = PointGrid(self.settings.points_per_side, self.settings.most_points)
        places = self._to_input(points.points, full)
        points.tell_apart(prompted.features(places).cpu().numpy())
        columns, rows = (places / LOGITS_STRIDE).long().T
        found = []
        while len(batch := points.take(self._fallback.chunk)):
            done = (points.asked - len(batch)) / points.most
            report("Finding masks", done, self._fallback.note)
            logits, quality = self._decode(
                prompted, self._to_input(batch, full), self.settings.predicted_iou
            )
            kept, boxes = upscaling.stable(logits, self.settings.stability)
            logits = logits[kept]
            points.explain((logits[:, rows, columns] > 0).cpu().numpy())
            found.append((logits, quality[kept], boxes))
        logits, quality, boxes = (torch.cat(column) for column in zip(*found, strict=True))
        return self._best(logits, quality.cpu().numpy(), boxes.cpu().numpy(), upscaling)

    def _to_cpu(self) -> None:
        self.model.to("cpu")
        self._fallback.chunk = CPU_BATCH
        self.settings = settings_for("cpu")

    def _prompted(self, image: np.ndarray) -> PromptedImage:
        with self._precision():
            embedding = self.model.image_encoder(self.encoder_input(image))
        return PromptedImage(self.model, embedding.float())

    def _decode(
        self, prompted: PromptedImage, points: Tensor, least_iou: float
    ) -> tuple[Tensor, Tensor]:
        """As `PromptedImage.decode`; float32 whatever the model computes in."""
        with self._precision():
            logits, quality = prompted.decode(points, least_iou)
        return logits.float(), quality.float()

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.model.device.type, torch.float16, enabled=self.settings.half)

    def _to_input(self, points: np.ndarray, full: tuple[int, int]) -> Tensor:
        """Points [B, 2] (x, y) of the unit square in pixels of the encoder's input."""
        height, width = scaled_to(full, self.model.image_encoder.img_size)
        return torch.tensor(points * [width, height], dtype=torch.float32).to(self.model.device)

    def encoder_input(self, image: np.ndarray) -> Tensor:
        """The picture scaled, normalised and padded: float [1, 3, 1024, 1024] of RGB uint8."""
        from PIL import Image

        height, width = scaled_to(image.shape[:2], self.model.image_encoder.img_size)
        resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(resized)).to(self.model.device)
        return self.model.preprocess(pixels.permute(2, 0, 1).float())[None]

    def _best(
        self, logits: Tensor, quality: np.ndarray, boxes: np.ndarray, upscaling: Upscaling
    ) -> ViewMasks:
        """The best of masks that overlap, at the masks' resolution."""
        kept = non_maximum_suppression(boxes, quality, self.settings.nms_iou)
        packed = upscaling.packed(logits[torch.from_numpy(kept).to(logits.device)])
        visible = packed.any(axis=(1, 2))
        return ViewMasks(packed[visible], upscaling.full[1], quality[kept][visible])


def non_maximum_suppression(boxes: np.ndarray, scores: np.ndarray, most_iou: float) -> np.ndarray:
    """Indices of the boxes kept, best score first: none overlaps a better one by more than allowed.

    torchvision's own needs its compiled operators. As there, a box ends at the
    last column and row and measures nothing where they are also the first.

    Args:
        boxes: [K, 4] as of `mask_boxes`.
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
