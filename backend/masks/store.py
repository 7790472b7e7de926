"""The masks of a scene on disk: one file a view."""

import os
from pathlib import Path

import numpy as np

from ..array_files import read_npz
from ..cameras.photographs import without_image_suffix
from ..errors import BadInput
from ..files import replacing
from .view_masks import ViewMasks

MOST_BYTES = 1 << 31  # of a view's masks in memory: 1,000 of 16 megapixels
OTHER_BYTES = 1 << 20  # of their boxes, qualities and headers
# What arrays lead to that are missing, or of another shape or kind.
UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, OverflowError)


class MaskStore:
    """A folder of VIEW.npz files.

    Each holds `shape` (M, H, W), `predicted_iou` (M,), and the masks packed along
    rows, of each only the box that it fills: `boxes` (M, 4), int32 (top, left, bottom,
    right), left and right in bytes of eight pixels, and `crops` (uint8), one box after
    the other. Or, as other programs may write them, whole: `masks` (M, H, W / 8).
    View "left/04.jpg" is file "left/04.npz".
    """

    def __init__(self, folder: Path) -> None:
        """The folder need not exist yet."""
        self.folder = Path(folder)

    def __contains__(self, view_name: str) -> bool:
        return self._path(view_name).is_file()

    def views(self) -> list[str]:
        """Names of the stored views without the extension of their images, sorted."""
        files = self.folder.rglob("*.npz")
        return sorted(path.relative_to(self.folder).with_suffix("").as_posix() for path in files)

    def read(self, view_name: str) -> ViewMasks | None:
        """The masks of a view; None when none were stored.

        Raises:
            BadInput: the file is damaged or not a mask file.
        """
        path = self._path(view_name)
        if not path.is_file():
            return None
        try:
            arrays = read_npz(path, MOST_BYTES + OTHER_BYTES)
            shape = tuple(int(size) for size in arrays["shape"])
            if "crops" in arrays:
                packed = _pasted(shape, arrays["boxes"], arrays["crops"])
            else:
                packed = arrays["masks"]
            return _checked(shape, packed, arrays["predicted_iou"])
        except UNREADABLE as e:
            raise BadInput(
                f"The mask file {path} cannot be used ({e}).", "Delete it and make the masks again."
            ) from e

    def holds(self, view_name: str) -> bool:
        """Whether there are masks of a view that can be read."""
        try:
            return self.read(view_name) is not None
        except BadInput:
            return False

    def write(self, view_name: str, masks: ViewMasks) -> None:
        """Store the masks of a view, replacing those it had; all or nothing.

        Raises:
            BadInput: the file cannot be written, or could not be read again.
        """
        path = self._path(view_name)
        if masks.packed.nbytes > MOST_BYTES:
            raise BadInput(
                f"The {len(masks):,} masks of view {view_name} are too large to be kept: "
                f"{masks.width:,} x {masks.height:,} pixels.",
                "Make them smaller: they need not have the size of the photograph.",
            )
        boxes = _boxes(masks.packed)
        crops = [
            packed[top:bottom, left:right].ravel()
            for packed, (top, left, bottom, right) in zip(masks.packed, boxes, strict=True)
        ]
        with replacing(path) as file:
            np.savez_compressed(
                file,
                boxes=boxes,
                crops=np.concatenate([np.zeros(0, np.uint8), *crops]),
                shape=np.array([len(masks), masks.height, masks.width]),
                predicted_iou=masks.predicted_iou,
            )

    def _path(self, view_name: str) -> Path:
        """The view's file, confined to the folder whatever the name says."""
        path = Path(os.path.abspath(self.folder / f"{without_image_suffix(view_name)}.npz"))
        if not path.is_relative_to(os.path.abspath(self.folder)):
            raise BadInput(
                f"The view name {view_name!r} leads out of the folder of masks.",
                "Name views by their image files' paths relative to the folder of images.",
            )
        return path


def _boxes(packed: np.ndarray) -> np.ndarray:
    """The rows and columns of bytes that each of packed masks fills, [M, 4] int32."""
    boxes = np.zeros((len(packed), 4), np.int32)
    for box, mask in zip(boxes, packed, strict=True):
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        if len(rows):
            box[:] = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
    return boxes


def _pasted(shape: tuple[int, ...], boxes: np.ndarray, crops: np.ndarray) -> np.ndarray:
    """The packed masks of which crops fill the boxes.

    Raises:
        ValueError: boxes and crops do not fit each other or the shape.
    """
    count, height, width = shape
    if boxes.shape != (count, 4) or (boxes < 0).any() or crops.dtype != np.uint8:
        raise ValueError(f"{boxes.shape} boxes for {count} masks")
    row = -(-width // 8)
    if count * height * row > MOST_BYTES:
        raise ValueError(f"{count:,} masks of {width:,} x {height:,} pixels")
    packed = np.zeros((count, height, row), np.uint8)
    start = 0
    for mask, (top, left, bottom, right) in zip(packed, boxes.tolist(), strict=True):
        end = start + (bottom - top) * (right - left)
        # Numpy cuts a box short that reaches beyond the mask; then the crop does not fit it.
        mask[top:bottom, left:right] = crops[start:end].reshape(bottom - top, right - left)
        start = end
    if start != len(crops):
        raise ValueError(f"{len(crops)} bytes for boxes of {start}")
    return packed


def _checked(shape: tuple[int, ...], packed: np.ndarray, quality: np.ndarray) -> ViewMasks:
    """The masks, if the arrays agree with each other.

    Raises:
        ValueError: they do not.
    """
    count, height, width = shape
    if packed.dtype != np.uint8 or packed.shape != (count, height, -(-width // 8)):
        raise ValueError(f"{packed.dtype} {packed.shape} for {count} masks of {width} x {height}")
    if height <= 0 or width <= 0:
        raise ValueError(f"masks of {width} x {height} pixels")
    if width % 8 and (packed[..., -1] & (0xFF >> width % 8)).any():
        raise ValueError(f"mask pixels beyond the width of {width}")
    if quality.shape != (count,) or not np.isfinite(quality).all():
        raise ValueError("the predicted IoUs do not fit the masks")
    return ViewMasks(packed, width, quality.astype(np.float32))
