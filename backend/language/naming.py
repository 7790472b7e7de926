"""Names from a word list for the objects that a decomposition found."""

import numpy as np

from ..progress import Report, silent
from ..segmentation.hierarchy import Hierarchy
from ..segmentation.overlap import iou_of_bits
from .image_text import ImageTextModel
from .index import TextIndex
from .words import WORDS

ITSELF = 0.5  # IoU of an object with a thing that was looked at, to take its name


def named(
    index: TextIndex, model: ImageTextModel, hierarchy: Hierarchy, report: Report = silent
) -> tuple[str, ...]:
    """The names of a hierarchy's clusters: the word that fits best, "mug 2" for a second mug.

    What no picture shows keeps its number: "Object 7".
    """
    report("Naming the objects", 0.0)
    features = model.encode_texts([model.templates[0].format(word) for word in WORDS])
    best_word = (index.mean_per_thing(index.images) @ features.T).argmax(axis=1)
    names: list[str] = []
    times: dict[str, int] = {}
    for cluster, number in enumerate(hierarchy.names):
        report("Naming the objects", cluster / len(hierarchy.names), number)
        fits = iou_of_bits(np.packbits((hierarchy.labels == cluster).any(axis=0)), index.selections)
        if fits.max() < ITSELF:
            names.append(number)
            continue
        word = WORDS[best_word[fits.argmax()]]
        times[word] = times.get(word, 0) + 1
        names.append(word if times[word] == 1 else f"{word} {times[word]}")
    return tuple(names)
