"""How well pictures fit a text: LERF's relevancy (Kerr et al. 2023, Sec. 3.3)."""

import numpy as np

from .image_text import ImageTextModel, unit

NEUTRAL = ("object", "things", "stuff", "texture")  # what a text must fit better than
SHARPNESS = 10.0


def relevancy(images: np.ndarray, text: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """The softmax of a text against each neutral one, the least of them, [n] in (0, 1).

    Above 0.5 a picture fits the text better than all neutral ones, whatever the model and the
    sharpness. That makes 0.5 the floor of a search by default: what lies below it is better
    called "object". (The authors of SAGA take what is over 0.45, else the best.)

    Args:
        images: [n, d] unit features.
        text: [d] unit feature.
        neutral: [m, d] unit features.
    """
    margin = (images @ text)[:, None] - images @ neutral.T
    return 1 / (1 + np.exp(-SHARPNESS * margin.min(axis=1)))


def encode_names(model: ImageTextModel, names: list[str]) -> np.ndarray:
    """Features [n, d] of names, each the mean over the model's templates, unit length."""
    texts = [template.format(name) for name in names for template in model.templates]
    features = model.encode_texts(texts)
    return unit(features.reshape(len(names), len(model.templates), -1).mean(axis=1))
