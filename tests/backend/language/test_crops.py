"""Pictures of what single masks show."""

import numpy as np

from backend.language.crops import BRIGHTNESS, GREY, SIDE, masked_crops
from backend.masks.view_masks import ViewMasks


def test_a_crop_is_cut_from_the_picture_however_coarse_its_mask():
    """256 x 256 pixels of single black and white columns, a mask of 8 x 12 for 512 x 768."""
    image = np.zeros((512, 768, 3), np.uint8)
    image[:, ::2] = 255
    mask = np.zeros((8, 12), bool)
    mask[1:4, 3:6] = True  # rows 64 to 256, columns 192 to 384
    (crop,) = masked_crops(image, ViewMasks.pack(mask[None], np.ones(1)), np.array([0]))
    margin = round((SIDE - SIDE / 1.3) / 2)
    inside = crop[margin + 2 : -margin - 2, margin + 2 : -margin - 2, 0]
    assert inside.std() > 80  # the columns are there: averaged they would be grey
    beside = crop[:, : margin - 2, 0]
    low, high = GREY * (1 - BRIGHTNESS), GREY * (1 - BRIGHTNESS) + 255 * BRIGHTNESS
    assert low - 15 < beside.min() and beside.max() < high + 15  # the pale surroundings


def test_what_leaves_the_picture_is_grey_and_the_mask_in_the_middle():
    image = np.full((40, 60, 3), 250, np.uint8)
    mask = np.zeros((80, 120), bool)  # finer than the picture
    mask[:20, :20] = True
    (crop,) = masked_crops(image, ViewMasks.pack(mask[None], np.ones(1)), np.array([0]))
    middle = crop[40:-40, 40:-40]
    assert crop.shape == (SIDE, SIDE, 3) and (middle >= 250).all()
    assert (crop[:20] == GREY).all() and (crop[:, :20] == GREY).all()
