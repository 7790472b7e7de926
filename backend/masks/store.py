"""The masks of a scene on disk: one file a view."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..cameras.photographs import without_image_suffix
from ..errors import BadInput
from ..files import replacing
from .view_masks import ViewMasks

# What numpy and zipfile raise on files that are damaged, hostile or another program's.
UNREADABLE = (
    OSError, EOFError, ValueError, KeyError, IndexError, TypeError, RuntimeError,
    MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class MaskStore:
    """A folder of VIEW.npz files.

    Each holds `masks` (uint8, packed along the last axis), `shape` (M, H, W)
    and `predicted_iou` (M,). View "left/04.jpg" is file "left/04.npz".
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
            with np.load(path, allow_pickle=False) as arrays:
                shape, packed, quality = (arrays[n] for n in ("shape", "masks", "predicted_iou"))
            return _checked(shape, packed, quality)
        except UNREADABLE as e:
            raise BadInput(
                f"The mask file {path} cannot be used ({e}).", "Delete it and make the masks again."
            ) from e

    def write(self, view_name: str, masks: ViewMasks) -> None:
        """Store the masks of a view, replacing those it had; all or nothing."""
        path = self._path(view_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            np.savez_compressed(
                file,
                masks=masks.packed,
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


def _checked(shape: np.ndarray, packed: np.ndarray, quality: np.ndarray) -> ViewMasks:
    """The masks, if the arrays agree with each other.

    Raises:
        ValueError: they do not.
    """
    count, height, width = (int(size) for size in shape)
    if packed.dtype != np.uint8 or packed.shape != (count, height, -(-width // 8)):
        raise ValueError(f"{packed.dtype} {packed.shape} for {count} masks of {width} x {height}")
    if height <= 0 or width <= 0:
        raise ValueError(f"masks of {width} x {height} pixels")
    if width % 8 and (packed[..., -1] & (0xFF >> width % 8)).any():
        raise ValueError(f"mask pixels beyond the width of {width}")
    if quality.shape != (count,) or not np.isfinite(quality).all():
        raise ValueError("the predicted IoUs do not fit the masks")
    return ViewMasks(packed, width, quality.astype(np.float32))
