"""What a text-image model can do, and what its implementations share."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class ImageTextModel(Protocol):
    """Puts pictures and texts into one space, where the cosine says how well they fit."""

    identity: str  # tells models apart: another one for other weights
    templates: tuple[str, ...]  # sentences with a {} to put a name in, whose features are averaged

    def encode_images(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Features of pictures uint8 [H, W, 3] RGB: float32 [n, d], unit length."""

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Features of texts: float32 [n, d], unit length."""


def unit(features: np.ndarray) -> np.ndarray:
    """Rows scaled to unit length, float32; zero rows stay zero."""
    norms = np.linalg.norm(features, axis=-1, keepdims=True)
    return (features / np.maximum(norms, 1e-12)).astype(np.float32)
