"""One click at ten scales and at the automatic one."""

from dataclasses import replace

import numpy as np

from backend.engine import Engine
from backend.protocol import Select

SCALES = np.linspace(0.1, 1.0, 10)


def selected_by(engine: Engine, click: Select) -> np.ndarray:
    """What a click selects, boolean [N]."""
    reply = engine.handle(click)
    return np.unpackbits(reply.mask, count=reply.total).astype(bool)


def try_scales(engine: Engine, click: Select) -> np.ndarray:
    """What a click selects at each of `SCALES` and the default threshold, boolean [S, N]."""
    return np.array([selected_by(engine, replace(click, scale=float(scale))) for scale in SCALES])
