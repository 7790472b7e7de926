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
        image: uint8 [H, W, 3] RGB, scaled to the masks' grid where it has another.
        masks: of that view.
        index: [n] which of them; none of these is empty.

    Returns:
        n pictures, uint8 [SIDE, SIDE, 3].
    """
    from PIL import Image

    grid = masks.width, masks.height
    if image.shape[1::-1] != grid:
        image = np.asarray(Image.fromarray(image).resize(grid, Image.Resampling.LANCZOS))
    unpacked = (np.unpackbits(masks.packed[k], axis=-1, count=masks.width) for k in index)
    return [_crop(image, mask.astype(bool)) for mask in unpacked]


def _crop(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    from PIL import Image

    centre, half = [], 0.0
    for axis in (0, 1):  # columns, rows
        inside = np.flatnonzero(mask.any(axis=axis))
        centre.append((inside[0] + inside[-1] + 1) / 2)
        half = max(half, (inside[-1] + 1 - inside[0]) / 2)
    reach = half * (1 + 2 * MARGIN)
    low, high = (np.array(centre) + sign * reach for sign in (-1, 1))
    left, top = np.maximum(np.floor(low), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high), mask.shape[::-1]).astype(int)
    near = image[top:bottom, left:right]
    pale = (near * BRIGHTNESS + GREY * (1 - BRIGHTNESS)).astype(np.uint8)
    shown = np.where(mask[top:bottom, left:right, None], near, pale)
    box = (low[0] - left, low[1] - top, high[0] - left, high[1] - top)
    square = Image.fromarray(shown).transform(
        (SIDE, SIDE), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC, fillcolor=(GREY,) * 3
    )
    return np.asarray(square)
