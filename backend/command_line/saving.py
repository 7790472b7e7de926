"""Writing down what was answered."""

from pathlib import Path

import numpy as np

from ..engine import Engine
from ..files import replacing
from ..gaussians.ply import write_ply


def save_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy.

    Raises:
        BadInput: it cannot be written.
    """
    with replacing(path) as stream:
        np.save(stream, array)


def save_selection(path: Path, engine: Engine, scene: str, packed: np.ndarray, total: int) -> None:
    """Write a selection of a scene's Gaussians: themselves into a .ply, else a boolean for each.

    Args:
        path: a .ply or a .npy.
        engine: that was asked.
        scene: the .ply that was selected in.
        packed: uint8 [ceil(N / 8)], or [K, ceil(N / 8)] for several, of which a .ply gets the
            first and a .npy all.
        total: how many Gaussians the scene has, N.

    Raises:
        BadInput: the scene cannot be read or the file cannot be written.
    """
    masks = np.unpackbits(packed, axis=-1, count=total).astype(bool)
    if path.suffix.lower() == ".ply":
        write_ply(path, engine.open(scene).cloud.subset(masks.reshape(-1, total)[0]))
    else:
        save_array(path, masks)
