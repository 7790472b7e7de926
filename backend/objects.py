"""What a scene was taken apart into: as files, and told in numbers."""

from itertools import chain
from pathlib import Path

import numpy as np

from .files import new_folder
from .gaussians.cloud import GaussianCloud
from .gaussians.ply import write_ply
from .protocol import Decomposed


def save_objects(
    path: Path, cloud: GaussianCloud, found: Decomposed, replace: bool = False
) -> None:
    """Write a new folder: a .ply for each object and part, and for what belongs to no object.

    Args:
        path: of the folder.
        cloud: of the scene.
        found: in it.
        replace: whether the folder may take the place of a former one.

    Raises:
        BadInput: there is something at `path` already, or it cannot be written.
    """
    masks = ((found.labels == label).any(axis=0) for label in range(len(found.names)))
    names, rest = [*found.names, "Unassigned"], found.labels[0] < 0
    with new_folder(path, replace) as folder:
        for name, mask in zip(names, chain(masks, [rest]), strict=True):
            if mask.any():
                write_ply(folder / f"{name}.ply", cloud.subset(mask))


def numbers(found: Decomposed) -> dict:
    """Names of the objects and parts, how many Gaussians each has, and each scale left over."""
    labels = found.labels
    return {
        "names": list(found.names),
        "counts": np.bincount(labels[labels >= 0], minlength=len(found.names)).tolist(),
        "unassigned": np.count_nonzero(labels < 0, axis=1).tolist(),
    }
