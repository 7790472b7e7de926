"""Automatic masks against segment-anything's own generator: same model, settings and photographs.

Both work in this process, one after the other, on the threads that torch takes; on a GPU ours in
half precision and at its settings for GPUs. Then ours as the engine asks, on a CPU fewer points.
Last line of the output: JSON {"ratio", "matched"}: how many times faster ours are, and the share
of the package's masks that one of ours matches at IoU 0.95.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from backend.masks.sam import (
    MaskGenerator,
    MaskSettings,
    load_sam,
    non_maximum_suppression,
    settings_for,
)
from backend.masks.upscaling import LONGEST_SIDE

from .fit import best_ious
from .real import CHECKPOINT, DATA

PHOTOGRAPHS = [
    DATA / "scenes" / path
    for path in ("kitchen/images/04.jpg", "plush/images/0007.jpg", "fox/images/0007.jpg")
]
MATCH = 0.95  # least IoU


def packages_own(generator: MaskGenerator, image: np.ndarray) -> np.ndarray:
    """The masks of segment-anything's generator at our generator's settings, boolean [M, H, W]."""
    from segment_anything import automatic_mask_generator as package

    def batched_nms(
        boxes: torch.Tensor, scores: torch.Tensor, idxs: torch.Tensor, iou_threshold: float
    ) -> torch.Tensor:
        """torchvision's, whose compiled operator does not load beside every torch."""
        assert not idxs.any(), "one class"
        kept = non_maximum_suppression(boxes.cpu().numpy(), scores.cpu().numpy(), iou_threshold)
        return torch.from_numpy(kept).to(boxes.device)

    package.batched_nms = batched_nms
    settings = generator.settings
    found = package.SamAutomaticMaskGenerator(
        generator.model,
        points_per_side=settings.points_per_side,
        pred_iou_thresh=settings.predicted_iou,
        stability_score_thresh=settings.stability,
        box_nms_thresh=settings.nms_iou,
    ).generate(image)
    return np.stack([mask["segmentation"] for mask in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--half", action="store_true", help="ours in half precision, as on a GPU")
    parser.add_argument("images", type=Path, nargs="*", default=PHOTOGRAPHS)
    arguments = parser.parse_args()
    on_gpu = arguments.device != "cpu"
    settings = settings_for("cuda") if on_gpu else MaskSettings(half=arguments.half)
    generator = load_sam(arguments.checkpoint, arguments.device, settings)
    ways = {"ours": lambda image: generator.generate(image).unpack()}
    ways["segment-anything"] = lambda image: packages_own(generator, image)
    engines = load_sam(arguments.checkpoint, arguments.device)
    ways["the engine"] = lambda image: engines.generate(image).unpack()
    seconds, fits = dict.fromkeys(ways, 0.0), []
    for path in arguments.images:
        photograph = Image.open(path).convert("RGB")
        photograph.thumbnail((LONGEST_SIDE, LONGEST_SIDE))  # ours have no more pixels
        image = np.asarray(photograph)
        generator.model.image_encoder(generator.encoder_input(image))  # warm up
        found = {}
        for name, find in ways.items():
            start, worked = time.perf_counter(), time.process_time()
            found[name] = find(image)
            taken, worked = time.perf_counter() - start, time.process_time() - worked
            seconds[name] += taken
            print(f"{path.parents[1].name}/{path.name}: {name} {taken:.1f} s, ", end="")
            print(f"{worked:.1f} s of the processor, {len(found[name])} masks", flush=True)
        fits.append(best_ious(found["segment-anything"], found["ours"]))
    fits = np.concatenate(fits)
    print(
        f"of {len(fits)} masks {np.count_nonzero(fits < MATCH)} unmatched, {fits.min():.3f} worst"
    )
    ratio = seconds["segment-anything"] / seconds["ours"]
    matched = float((fits >= MATCH).mean())
    print(json.dumps({"ratio": round(ratio, 2), "matched": round(matched, 3)}))


if __name__ == "__main__":
    main()
