"""Words to things: the ranking of a scene's things, and which of them are hits."""

from dataclasses import dataclass

import numpy as np

from ..segmentation.overlap import iou_of_bits
from .image_text import ImageTextModel
from .index import TextIndex
from .relevancy import encode_names, relevancy

SAME_HIT_IOU = 0.8  # from which two hits are one thing


@dataclass(frozen=True)
class Ranking:
    """All things that were looked at, the most relevant first."""

    order: np.ndarray  # [T] int64
    scores: np.ndarray  # [T] mean relevancy of each thing's pictures, in that order


def rank(index: TextIndex, model: ImageTextModel, words: str) -> Ranking:
    """How well each thing fits the words (Eq. 15)."""
    (text,) = encode_names(model, [words])
    scores = index.mean_per_thing(relevancy(index.images, text, index.neutral))
    order = np.argsort(-scores, kind="stable")
    return Ranking(order, scores[order])


def distinct_hits(selections: np.ndarray, ranking: Ranking, floor: float, most: int) -> list[int]:
    """Places in the ranking of up to `most` hits from `floor` up, no two the same thing.

    Args:
        selections: bits, uint8 [T, B], of what is still there.
    """
    hits: list[int] = []
    for place, thing in enumerate(ranking.order):
        if len(hits) == most or ranking.scores[place] < floor:
            break
        one, others = selections[thing], selections[ranking.order[hits]]
        if one.any() and (iou_of_bits(one, others) < SAME_HIT_IOU).all():
            hits.append(place)
    return hits
