"""What a text-image model can do, and which one is meant by a name or a path.

Two stand behind it: any model of open_clip, and a small one for where no CLIP
weights are to be had. Weights are never fetched: what is not on this computer
is refused with advice.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

DEFAULT_MODEL = "ViT-B-16"


class ImageTextModel(Protocol):
    """Puts pictures and texts into one space, where the cosine says how well they fit."""

    identity: str  # tells models apart: another one for other weights
    templates: tuple[str, ...]  # sentences with a {} to put a name in, whose features are averaged

    def encode_images(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Features of pictures uint8 [H, W, 3] RGB: float32 [n, d], unit length."""

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Features of texts: float32 [n, d], unit length."""


def load_image_text_model(name: str = "", device: str = "cpu") -> ImageTextModel:
    """Load a text-image model.

    Args:
        name: an open_clip model whose weights are in the local cache ("ViT-B-16",
            or "ViT-B-16/laion2b_s34b_b88k"), a file of weights whose name begins
            with the model's, a folder as open_clip publishes one, or a folder with
            the stand-in; "" is `DEFAULT_MODEL`.
        device: of torch.

    Raises:
        BadInput: what the name means cannot be used.
        MissingSoftware: the weights or a package are not there.
    """
    from .conse import ConSE, is_conse
    from .open_clip_model import OpenClipModel

    if is_conse(folder := Path(name)):
        return ConSE(folder, device)
    return OpenClipModel(name or DEFAULT_MODEL, device)


def digest_of(paths: Iterable[Path]) -> str:
    """Hash of the contents of files."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def unit(features: np.ndarray) -> np.ndarray:
    """Rows scaled to unit length, float32; zero rows stay zero."""
    norms = np.linalg.norm(features, axis=-1, keepdims=True)
    return (features / np.maximum(norms, 1e-12)).astype(np.float32)
