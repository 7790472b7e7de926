"""The masks of one view, eight pixels a byte."""

from dataclasses import dataclass

import numpy as np

from ..cameras.camera import Camera
from ..errors import BadInput

FORMAT = 0.1  # by which masks may be longer one way than the view they are of


@dataclass(frozen=True, eq=False)
class ViewMasks:
    """Overlapping masks of a view on their own pixel grid, which may differ from the camera's.

    Kept packed because the masks of a few hundred views, unpacked, fill any memory.
    """

    packed: np.ndarray  # [M, H, ceil(W / 8)] uint8, np.packbits along a row; unused bits are 0
    width: int  # W, pixels
    predicted_iou: np.ndarray  # [M] float32, SAM's own estimate of each mask's quality

    @classmethod
    def pack(cls, masks: np.ndarray, predicted_iou: np.ndarray) -> "ViewMasks":
        """From boolean masks [M, H, W] and their qualities [M]."""
        quality = np.asarray(predicted_iou, np.float32)
        return cls(np.packbits(masks, axis=-1), masks.shape[-1], quality)

    @property
    def height(self) -> int:
        return self.packed.shape[1]

    def __len__(self) -> int:
        return len(self.packed)

    def unpack(self) -> np.ndarray:
        """All masks as boolean [M, H, W]."""
        return np.unpackbits(self.packed, axis=-1, count=self.width).astype(bool)

    def at(self, pixels: np.ndarray) -> np.ndarray:
        """Which masks cover which pixels: boolean [P, M].

        Args:
            pixels: [P, 2] integer (column, row) inside the masks' own grid.
        """
        columns, rows = pixels.T
        bits = self.packed[:, rows, columns >> 3] >> (7 - (columns & 7)).astype(np.uint8)
        return (bits & 1).astype(bool).T

    def pixels_of(self, mask: int) -> np.ndarray:
        """The pixels of one mask, [A, 2] int64 (column, row) in the masks' own grid."""
        rows, columns = np.nonzero(np.unpackbits(self.packed[mask], axis=-1))
        return np.column_stack([columns, rows])

    def areas(self) -> np.ndarray:
        """Pixels in each mask, [M] int64."""
        return np.array([np.bitwise_count(mask).sum() for mask in self.packed], np.int64)

    def require_format_of(self, camera: Camera) -> None:
        """Refuse masks that are no picture of a view: upright ones of a view across, say.

        Raises:
            BadInput: they are.
        """
        grid, view = np.array([self.width, self.height]), np.array([camera.width, camera.height])
        fitting = view * (grid / view).min()
        if (grid > fitting * (1 + FORMAT) + 1).any():
            raise BadInput(
                f"The masks of view {camera.name} are {self.width} x {self.height} pixels, and "
                f"the view itself {camera.width} x {camera.height}.",
                "Save the label images upright as the photographs are.",
            )

    def from_camera(self, pixels: np.ndarray, camera: Camera) -> np.ndarray:
        """The masks' pixels [P, 2] int64 under the centres of camera pixels [P, 2]."""
        return _regrid(pixels, (camera.width, camera.height), (self.width, self.height))

    def to_camera(self, pixels: np.ndarray, camera: Camera) -> np.ndarray:
        """The camera's pixels [P, 2] int64 under the centres of mask pixels [P, 2]."""
        return _regrid(pixels, (self.width, self.height), (camera.width, camera.height))


def _regrid(pixels: np.ndarray, old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
    # Integers throughout, so that no centre falls into the neighbour by rounding.
    return (2 * pixels.astype(np.int64) + 1) * new // (2 * np.array(old))
