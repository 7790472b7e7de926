"""What a scene was taken apart into, as files."""

from pathlib import Path

from .files import new_folder
from .gaussians.cloud import GaussianCloud
from .gaussians.ply import write_ply
from .protocol import Decomposed


def save_objects(path: Path, cloud: GaussianCloud, found: Decomposed) -> None:
    """Write a new folder: a .ply for each object and part, and for what belongs to no object.

    Raises:
        BadInput: there is something at `path` already, or it cannot be written.
    """
    masks = {name: (found.labels == k).any(axis=0) for k, name in enumerate(found.names)}
    masks["Unassigned"] = found.labels[0] < 0
    with new_folder(path) as folder:
        for name, mask in masks.items():
            if mask.any():
                write_ply(folder / f"{name}.ply", cloud.subset(mask))
