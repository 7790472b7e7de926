"""Masks that come as label images: hand-painted, rendered, or of another program.

`MASKS/VIEW.png` has one number, or one colour, for each thing in the picture of
VIEW; 0, or black, is nothing. Further levels (parts, groups) are the same files
in sub-folders whose names begin with "level": `MASKS/level_parts/VIEW.png`.
PNG or TIFF, 8 or 16 bits, grey, palette or RGB; any size.
"""

import os
from pathlib import Path, PurePosixPath

import numpy as np

from ..cameras.photographs import open_image, without_image_suffix
from ..errors import BadInput
from .store import MaskStore
from .view_masks import ViewMasks

ENDINGS = (".png", ".tif", ".tiff")
SUFFIXES = tuple(spelt(end) for end in ENDINGS for spelt in (str.lower, str.upper, str.title))
MOST_LABELS = 1000  # of one picture; more come from smooth edges or lossy compression


class LabelImages:
    """A folder of label images, read as a `MaskStore` is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, view_name: str) -> bool:
        return bool(self._levels(view_name))

    def views(self) -> list[str]:
        """Names of the views that have masks, without the extension of their images, sorted."""
        names = set()
        for path in _label_files(self.folder):
            name = path.relative_to(self.folder).with_suffix("")
            is_level = len(name.parts) > 1 and name.parts[0].startswith("level")
            names.add(PurePosixPath(*name.parts[is_level:]).as_posix())
        return sorted(names)

    def read(self, view_name: str) -> ViewMasks | None:
        """The masks of all levels of a view, none twice; None when it has no label image.

        Raises:
            BadInput: a file is no label image, or the levels differ in size.
        """
        paths = self._levels(view_name)
        if not paths:
            return None
        levels = [_read_labels(path) for path in paths]
        if len({labels.shape for labels in levels}) > 1:
            raise BadInput(
                f"The label images of view {view_name} differ in size from level to level.",
                "Save all levels of a view at one size.",
            )
        rows = {}
        for labels in levels:
            for label in np.unique(labels[labels > 0]):
                packed = np.packbits(labels == label, axis=-1)
                rows[packed.tobytes()] = packed
        height, width = levels[0].shape
        masks = np.array(list(rows.values()), np.uint8).reshape(-1, height, -(-width // 8))
        return ViewMasks(masks, width, np.ones(len(masks), np.float32))

    def _levels(self, view_name: str) -> list[Path]:
        """The label images of a view, confined to the folder whatever the name says."""
        name = without_image_suffix(view_name)
        inside = os.path.abspath(self.folder)
        found = []
        for folder in (self.folder, *sorted(self.folder.glob("level*/"))):
            for suffix in SUFFIXES:
                path = Path(os.path.abspath(folder / f"{name}{suffix}"))
                if path.is_relative_to(inside) and path.is_file():
                    found.append(path)
                    break
        return found


def open_masks(folder: Path) -> MaskStore | LabelImages:
    """The masks of a folder: label images where it holds such and no mask store."""
    if next(folder.rglob("*.npz"), None) is None and next(_label_files(folder), None):
        return LabelImages(folder)
    return MaskStore(folder)


def _label_files(folder: Path):
    """The label images in a folder and below it."""
    return (path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def _read_labels(path: Path) -> np.ndarray:
    """A label image as whole numbers, [H, W]."""
    with open_image(path, "Save it as a PNG again.") as file:
        if file.mode in ("RGBA", "LA", "RGBX"):
            file = file.convert("RGB" if file.mode.startswith("RGB") else "L")
        labels = np.asarray(file)
    if labels.dtype.kind not in "bui" or labels.ndim > 3:
        raise BadInput(
            f"The label image {path} holds {labels.dtype} values, not whole numbers.",
            "Save it as a PNG of 8 or 16 bits.",
        )
    if labels.ndim == 3:
        labels = labels.astype(np.uint32) @ 256 ** np.arange(labels.shape[2], dtype=np.uint32)
    count = len(np.unique(labels))
    if count > MOST_LABELS:
        raise BadInput(
            f"The label image {path} has {count:,} different values: it is a picture, or its "
            "edges are smoothed.",
            "Give each thing one value, without anti-aliasing and lossy compression.",
        )
    return labels
