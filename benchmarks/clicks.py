"""One click, tried at ten scales, and how well it hit."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from backend.engine import Engine
from backend.protocol import Select

SCALES = np.linspace(0.1, 1.0, 10)


@dataclass(frozen=True)
class Outcome:
    """What a click selected."""

    iou: float
    scale: float
    mask: np.ndarray  # boolean [N]


def select(engine: Engine, click: Select) -> np.ndarray:
    """The Gaussians that a click takes, boolean [N]."""
    reply = engine.handle(click)
    return np.unpackbits(reply.mask, count=reply.total).astype(bool)


def best_of_scales(engine: Engine, click: Select, score: Callable[[np.ndarray], float]) -> Outcome:
    """The best of `SCALES` at the default threshold: what a person with a slider reaches.

    Args:
        engine: with the scene trained.
        click: its scale does not matter.
        score: IoU of a selection, boolean [N], with the truth.
    """
    masks = [(scale, select(engine, replace(click, scale=float(scale)))) for scale in SCALES]
    outcomes = [Outcome(score(mask), float(scale), mask) for scale, mask in masks]
    return max(outcomes, key=lambda outcome: outcome.iou)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boolean arrays; 1 where both are empty."""
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 1.0
