"""Masks that come as label images: hand-painted, rendered, or of another program.

`MASKS/VIEW.png` has one number, or one colour, for each thing in the picture of
VIEW; 0, or black, or what is transparent, is nothing. Further levels (parts, groups) are
the same files in sub-folders whose names begin with "level": `MASKS/level_parts/VIEW.png`.
PNG or TIFF, of 8 bits in grey, palette or RGB, or of 16 bits in grey; any size.
"""

import os
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import find_objects

from ..cameras.photographs import open_image, without_image_suffix
from ..errors import BadInput
from .store import MaskStore
from .view_masks import ViewMasks

if TYPE_CHECKING:
    from PIL.Image import Image

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
        return _masks_of(levels)

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
    """The things of a label image, counted from 1, and 0 for nothing: [H, W] int16."""
    with open_image(path, "Save it as a PNG again.") as file:
        is_cut = not file.mode.startswith("I") and ";16" in str(file.tile)
        labels = _pixels(file)
    if is_cut:  # to the higher bytes of 16 bits
        raise BadInput(
            f"The label image {path} has 16 bits for each of several channels.",
            "Save it as grey with 16 bits.",
        )
    if labels.dtype.kind not in "bui" or labels.ndim > 3:
        raise BadInput(
            f"The label image {path} holds {labels.dtype} values, not whole numbers.",
            "Save it as a PNG of 8 or 16 bits.",
        )
    if labels.ndim == 3:
        labels = labels.astype(np.uint32) @ 256 ** np.arange(labels.shape[2], dtype=np.uint32)
    values = np.unique(labels)
    if len(values) > MOST_LABELS:
        raise BadInput(
            f"The label image {path} has {len(values):,} different values: it is a picture, or "
            "its edges are smoothed.",
            "Give each thing one value, without anti-aliasing and lossy compression.",
        )
    return np.searchsorted(values[values > 0], labels, side="right").astype(np.int16)


def _pixels(file: "Image") -> np.ndarray:
    """An image without its alpha, [H, W] or [H, W, C]; 0 where it is transparent."""
    pixels = np.array(file)
    if file.has_transparency_data:
        pixels[np.asarray(file.convert("RGBA").getchannel("A")) == 0] = 0
    shown = sum(band not in "AaX" for band in file.getbands())
    return pixels[..., :shown] if pixels.ndim == 3 else pixels


def _masks_of(levels: list[np.ndarray]) -> ViewMasks:
    """The masks of things [H, W], none twice."""
    height, width = levels[0].shape
    most = sum(int(things.max(initial=0)) for things in levels)
    packed = np.zeros((most, height, -(-width // 8)), np.uint8)
    known = set()
    for things in levels:
        for thing, (rows, columns) in enumerate(find_objects(things), 1):
            left, right = columns.start // 8, -(-columns.stop // 8)
            crop = np.packbits(things[rows, 8 * left : 8 * right] == thing, axis=-1)
            key = rows.start, left, crop.shape, blake2b(crop).digest()
            if key not in known:
                packed[len(known), rows, left:right] = crop
                known.add(key)
    return ViewMasks(packed[: len(known)], width, np.ones(len(known), np.float32))
