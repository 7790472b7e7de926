"""A text-image model whose answers are known."""

import numpy as np
import pytest


class SeesColors:
    """Looks at the middle of a picture; knows words of three colours, and no other."""

    identity = "colours"
    templates = ("{}", "a photo of {}")

    def __init__(self):
        self.seen = 0  # pictures

    def encode_images(self, images):
        self.seen += len(images)
        middles = np.array([image[len(image) // 2, len(image[0]) // 2] for image in images])
        return self._unit(middles)

    def encode_texts(self, texts):
        named = [
            [255.0 * (color in text.split()) for color in ("red", "green", "blue")]
            for text in texts
        ]
        return self._unit(np.array(named))

    def _unit(self, colors):
        features = np.column_stack([colors, np.full(len(colors), 10)])
        return np.float32(features / np.linalg.norm(features, axis=1, keepdims=True))


@pytest.fixture
def sees_colors():
    return SeesColors()
