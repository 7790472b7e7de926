"""What is known of a scene's things by their looks, computed once: asked by text afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..affinity.field import AffinityField
from ..affinity.ray_bank import MaskSource
from ..cameras.camera import Camera
from ..errors import BadInput
from ..files import replacing
from ..progress import Report, silent
from ..rendering.rasterizer import Rasterizer
from ..segmentation.click import select
from .crops import masked_crops
from .image_text import ImageTextModel
from .lifted_masks import (
    THRESHOLD,
    LiftedMasks,
    choose_anchors,
    lift_masks,
    selected_anchors,
)
from .relevancy import NEUTRAL, encode_names
from .targets import Targets, Votes, choose_votes, find_targets
from .vote_graph import cluster_masks

MIN_MASKS = 3  # that make up a target
MIN_VIEWS = 2  # in which a mask fits it
MIN_GAUSSIANS = 20  # that a thing consists of


@dataclass(frozen=True)
class TextIndex:
    """T things of a scene of N Gaussians, and V pictures of them."""

    selections: np.ndarray  # [T, ceil(N / 8)] uint8, np.packbits of what each selects
    images: np.ndarray  # [V, d] float32 unit features of the pictures
    owner: np.ndarray  # [V] int64, whose picture it is; each thing has some
    neutral: np.ndarray  # [m, d] float32 unit features of the neutral texts of `relevancy`

    def __len__(self) -> int:
        return len(self.selections)

    def mean_per_thing(self, of_images: np.ndarray) -> np.ndarray:
        """Mean over each thing's pictures of values [V, ...]: [T, ...] (Eq. 15)."""
        sums = np.zeros((len(self), *of_images.shape[1:]))
        np.add.at(sums, self.owner, of_images)
        counts = np.bincount(self.owner, minlength=len(self))
        return sums / counts.reshape(-1, *[1] * (of_images.ndim - 1))

    def save(self, path: Path, key: str) -> None:
        """Write everything to one safetensors file, atomically; pictures as float16."""
        arrays = {"selections": self.selections, "owner": self.owner}
        arrays |= {"images": self.images.astype(np.float16), "neutral": self.neutral}
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(save(arrays, {"key": key}))

    @classmethod
    def load(cls, path: Path, key: str, gaussians: int) -> "TextIndex | None":
        """Read what was saved with this key; None where there is none, or it is damaged.

        Args:
            path: of the file.
            key: as it was saved with.
            gaussians: N of the scene.
        """
        try:
            with safe_open(path, "np") as file:
                if (file.metadata() or {}).get("key") != key:
                    return None
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            index = cls(**arrays | {"images": arrays["images"].astype(np.float32)})
            return index if index._fits(gaussians) else None
        except (SafetensorError, OSError, KeyError, TypeError):
            return None  # nothing is lost but time: it is made again

    def _fits(self, gaussians: int) -> bool:
        """Whether these are arrays that belong together, and to so many Gaussians."""
        things, dim = len(self.selections), self.neutral.shape[-1:]
        features = self.images, self.neutral
        return (
            self.selections.dtype == np.uint8
            and self.selections.shape == (things, -(-gaussians // 8))
            and self.owner.dtype == np.int64
            and self.owner.shape == self.images.shape[:1]
            and np.array_equal(np.unique(self.owner), np.arange(things))
            and self.images.shape[1:] == dim
            and self.neutral.shape == (len(NEUTRAL), *dim)
            and all(array.dtype == np.float32 and np.isfinite(array).all() for array in features)
        )


def build_index(
    rasterizer: Rasterizer,
    cameras: Sequence[Camera],
    masks: MaskSource,
    field: AffinityField,
    model: ImageTextModel,
    picture: Callable[[Camera], np.ndarray],
    report: Report = silent,
) -> TextIndex:
    """Find the things that the masks of several views agree on, and look at them (A.3).

    Args:
        rasterizer: of the scene.
        cameras: its views.
        masks: of these views.
        field: trained on them.
        model: sees the pictures.
        picture: of a view, uint8 [H, W, 3] RGB.
        report: called often.

    Raises:
        BadInput: no mask covers anything, or none of them agree.
    """
    rng = np.random.default_rng(0)
    lifted = lift_masks(rasterizer, cameras, masks, field, rng, report)
    anchors = choose_anchors(field, rng)
    selected = selected_anchors(field, anchors, lifted.features, lifted.scales, report)
    labels = cluster_masks(selected, MIN_MASKS, report)
    if not (labels >= 0).any():
        raise _nothing()
    targets = find_targets(lifted, labels)
    votes = choose_votes(field, lifted, labels, targets)
    selections = _selections(field, targets)
    views = np.bincount(votes.target, minlength=len(targets))
    sizes = np.bitwise_count(selections).sum(axis=1, dtype=np.int64)
    told_apart = (sizes >= MIN_GAUSSIANS) & (sizes < len(field.features))
    known = np.flatnonzero((views >= MIN_VIEWS) & told_apart)
    if len(known) == 0:
        raise _nothing()
    used = np.isin(votes.target, known)
    votes = Votes(votes.mask[used], np.searchsorted(known, votes.target[used]))
    images = _look_at(lifted, votes, cameras, masks, model, picture, report)
    neutral = encode_names(model, list(NEUTRAL))
    return TextIndex(selections[known], images, votes.target, neutral)


def _nothing() -> BadInput:
    return BadInput(
        "The masks of different views do not agree on any thing.",
        "Train on more views, or on better masks.",
    )


def _selections(field: AffinityField, targets: Targets) -> np.ndarray:
    """What each target selects, packed: uint8 [T, ceil(N / 8)]."""
    packed = np.empty((len(targets), -(-len(field.features) // 8)), np.uint8)
    queries = torch.from_numpy(targets.features).to(field.features.device)
    for row, query, scale in zip(packed, queries, targets.scales, strict=True):
        row[:] = np.packbits(select(field, [query], float(scale), THRESHOLD))
    return packed


def _look_at(
    lifted: LiftedMasks,
    votes: Votes,
    cameras: Sequence[Camera],
    masks: MaskSource,
    model: ImageTextModel,
    picture: Callable[[Camera], np.ndarray],
    report: Report,
) -> np.ndarray:
    """Features [V, d] of the masks that vote, view by view."""
    by_name = {camera.name: camera for camera in cameras}
    features, done = [], 0
    for view, sample in enumerate(lifted.samples):
        report("Looking at the things", done / len(votes.mask), sample.name)
        here = votes.mask[lifted.view[votes.mask] == view]  # in order: masks go view by view
        if len(here):
            seen = picture(by_name[sample.name])
            crops = masked_crops(seen, masks.read(sample.name), lifted.index[here])
            features.append(model.encode_images(crops))
            done += len(here)
    return np.concatenate(features)
