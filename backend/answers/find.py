"""Find: what a thing is called to its Gaussians."""

import re

import numpy as np

from ..engine import Engine
from ..errors import BadInput, require_within
from ..language.scene_index import index_of
from ..language.search import distinct_hits, rank
from ..progress import Report
from ..protocol import Find, Found
from ..segmentation.overlap import count_bits

LONGEST = 200  # characters: text models read a sentence, not a page
MOST_HITS = 50


def answer(engine: Engine, message: Find, report: Report) -> Found:
    """Rank the things of a scene by how well they fit the words."""
    words = _name_in(message.text)
    require_within("floor", message.floor, 0.0, 1.0)
    require_within("number of results", message.most, 1, MOST_HITS)
    scene = engine.open(message.scene, report)
    present = scene.present(message.subset)
    _ = scene.trained  # says so at once where it is not
    model = engine.text_model(message.model, report)
    index = index_of(scene, model, message.views, message.masks, report)
    selections = index.selections & np.packbits(present)
    ranking = rank(index, model, words)
    hits = distinct_hits(selections, ranking, message.floor, message.most)
    masks = selections[ranking.order[hits]]
    return Found(
        scores=ranking.scores[hits].astype(np.float32),
        masks=masks,
        counts=count_bits(masks),
        total=len(scene.cloud),
        best=float(ranking.scores[0]),
        things=len(index),
    )


def _name_in(text: str) -> str:
    """The name that is asked for, without its article: the models' sentences bring their own."""
    if len(text) > LONGEST:
        raise BadInput(
            f"The text has {len(text):,} characters.",
            f"Name one thing in a few words, {LONGEST} characters at most.",
        )
    words = " ".join(text.split())
    name = re.sub(r"^(the|an?)\s+(?=\S)", "", words, flags=re.IGNORECASE)
    if not name:
        raise BadInput("There are no words to look for.", 'Name a thing: "the red mug".')
    return name
