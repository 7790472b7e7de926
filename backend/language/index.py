"""What is known of a scene's things by their looks, computed once: asked by text afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..affinity.field import AffinityField
from ..affinity.ray_bank import MaskSource, ViewRays, build_ray_bank, trace_finely
from ..cameras.camera import Camera
from ..errors import BadInput
from ..files import replacing
from ..progress import Report, silent
from ..rendering.rasterizer import Rasterizer
from ..segmentation.agreement import agree
from ..segmentation.similarity import THRESHOLD
from .crops import masked_crops
from .image_text import ImageTextModel
from .relevancy import NEUTRAL, encode_names
from .votes import Votes, choose_votes

MIN_VIEWS = 2  # in which a mask fits a thing


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
        """Write everything to one safetensors file, atomically; pictures as float16.

        Raises:
            BadInput: the file cannot be written.
        """
        arrays = {"selections": self.selections, "owner": self.owner}
        arrays |= {"images": self.images.astype(np.float16), "neutral": self.neutral}
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
    """Look at the things that the masks of several views agree on (A.3).

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
    bank = build_ray_bank(rasterizer, cameras, masks, rng, report)
    things = field.things
    if things is None:
        things = agree(field, bank, trace_finely(rasterizer, cameras, masks, bank, rng), report)
    selected = things.selected(THRESHOLD)
    votes = choose_votes(bank, selected.tocsr())
    told_apart = np.diff(selected.indptr) < len(field.features)
    views = np.bincount(votes.thing, minlength=len(things))
    known = np.flatnonzero((views >= MIN_VIEWS) & told_apart)
    if len(known) == 0:
        raise BadInput(
            "The masks of different views do not agree on any thing.",
            "Train on more views, or on better masks.",
        )
    votes = votes.of(known)
    images = _look_at(bank, votes, cameras, masks, model, picture, report)
    neutral = encode_names(model, list(NEUTRAL))
    return TextIndex(_packed(selected, known), images, votes.thing, neutral)


def _packed(selected: sp.csc_array, known: np.ndarray) -> np.ndarray:
    """What some things select as bits, uint8 [T, ceil(N / 8)]."""
    columns = (selected[:, [thing]].toarray()[:, 0] for thing in known)
    return np.stack([np.packbits(column) for column in columns])


def _look_at(
    bank: Sequence[ViewRays],
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
    for view, rays in enumerate(bank):
        report("Looking at the things", done / len(votes), rays.name)
        here = votes.mask[votes.view == view]  # in order: votes go view by view
        if len(here):
            seen = picture(by_name[rays.name])
            crops = masked_crops(seen, masks.read(rays.name), here)
            features.append(model.encode_images(crops))
            done += len(here)
    return np.concatenate(features)
