"""Pictures of what single masks show, for the eye of a text-image model."""

import numpy as np

from ..masks.view_masks import ViewMasks

MARGIN = 0.15  # of the larger side of the mask's box, shown around it
BRIGHTNESS = 0.3  # of what lies outside the mask; the rest is grey
GREY = 128
SIDE = 256  # pixels of a crop


def masked_crops(image: np.ndarray, masks: ViewMasks, index: np.ndarray) -> list[np.ndarray]:
    """What some masks show, each in the middle of a square picture, its surroundings pale.

    The paper blackens them and counts what a model then lacks among its
    limitations (A.3): a dark shape says little of what the thing is part of.

    Args:
        image: uint8 [H, W, 3] RGB, on any grid.
        masks: of that view.
        index: [n] which of them; none of these is empty.

    Returns:
        n pictures, uint8 [SIDE, SIDE, 3].
    """
    unpacked = (np.unpackbits(masks.packed[k], axis=-1, count=masks.width) for k in index)
    return [_crop(image, mask.astype(bool)) for mask in unpacked]


def _crop(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    from PIL import Image

    scale = np.divide(image.shape[1::-1], mask.shape[::-1])  # pixels of the picture in one of it
    inside = [np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1)]  # columns, rows
    ends = np.array([(index[0], index[-1] + 1) for index in inside]) * scale[:, None]
    centre, reach = ends.mean(axis=1), np.ptp(ends, axis=1).max() / 2 * (1 + 2 * MARGIN)
    low, high = centre - reach, centre + reach
    left, top = np.maximum(np.floor(low), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high), image.shape[1::-1]).astype(int)
    near = image[top:bottom, left:right]
    pale = (near * BRIGHTNESS + GREY * (1 - BRIGHTNESS)).astype(np.uint8)
    columns = ((np.arange(left, right) + 0.5) / scale[0]).astype(int)
    rows = ((np.arange(top, bottom) + 0.5) / scale[1]).astype(int)
    shown = np.where(mask[rows[:, None], columns, None], near, pale)
    box = (low[0] - left, low[1] - top, high[0] - left, high[1] - top)
    square = Image.fromarray(shown).transform(
        (SIDE, SIDE), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC, fillcolor=(GREY,) * 3
    )
    return np.asarray(square)
