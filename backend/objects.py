"""What a scene was taken apart into: as files, and told in numbers."""

from pathlib import Path

import numpy as np

from .files import new_folder
from .gaussians.cloud import GaussianCloud
from .gaussians.ply import write_ply
from .protocol import Decomposed


def save_objects(
    path: Path, cloud: GaussianCloud, found: Decomposed, replace: bool = False
) -> None:
    """Write a new folder: a .ply for each object, and for what belongs to none.

    Of several scales each has a folder in it, which holds the whole scene.

    Args:
        path: of the folder.
        cloud: of the scene.
        found: in it.
        replace: whether the folder may take the place of a former one.

    Raises:
        BadInput: there is something at `path` already, or it cannot be written.
    """
    several = len(found.scales) > 1
    with new_folder(path, replace) as folder:
        for scale, labels in zip(found.scales, found.labels, strict=True):
            place = folder / f"Scale {scale}" if several else folder
            for label in np.unique(labels):
                name = found.names[label] if label >= 0 else "Unassigned"
                write_ply(place / f"{name}.ply", cloud.subset(labels == label))


def counts_of(found: Decomposed) -> dict:
    """Names of the objects and parts, how many Gaussians each has, and each scale leaves over."""
    labels = found.labels
    return {
        "scales": list(found.scales),
        "names": list(found.names),
        "counts": np.bincount(labels[labels >= 0], minlength=len(found.names)).tolist(),
        "unassigned": np.count_nonzero(labels < 0, axis=1).tolist(),
    }
