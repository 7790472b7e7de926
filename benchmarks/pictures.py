"""Pictures that show what a click did."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

LETTERS = 65  # as high as this part of a sheet's width, to be read where a page shows it small
BACKGROUND = np.array([0.93, 0.93, 0.92], np.float32)
TINT = np.array([255, 115, 13])  # of what is selected


def on_background(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """A rendered colour [H, W, 3] and its alpha [H, W] over light grey, uint8 [H, W, 3]."""
    image = values + (1 - alpha[..., None]) * BACKGROUND
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def overlay(image: np.ndarray, selected: np.ndarray) -> np.ndarray:
    """The image [H, W, 3] uint8 with the selected pixels [H, W] tinted and the others dimmed."""
    tinted = 0.45 * image + 0.55 * TINT
    return np.where(selected[..., None], tinted, 0.75 * image).astype(np.uint8)


def with_masks(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The image [H, W, 3] uint8 with masks [M, H, W] in colours, the small ones on top."""
    rng, painted = np.random.default_rng(0), 0.5 * image
    for mask in masks[np.argsort(-masks.sum(axis=(1, 2)))]:
        painted[mask] = 0.45 * image[mask] + 0.55 * rng.uniform(0, 255, 3)
    return painted.astype(np.uint8)


def marked(image: np.ndarray, pixel: tuple[int, int]) -> np.ndarray:
    """The image with a ring around the clicked pixel (column, row)."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    for radius, color in ((9, "black"), (8, "white"), (7, "white"), (6, "black")):
        column, row = pixel
        draw.ellipse((column - radius, row - radius, column + radius, row + radius), outline=color)
    return np.asarray(picture)


def most_interior(mask: np.ndarray) -> tuple[int, int]:
    """The pixel (column, row) of a mask [H, W] that is farthest from its edge."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), mask.shape)
    return int(column), int(row)


def sheet(titled: Sequence[tuple[str, np.ndarray]], columns: int) -> np.ndarray:
    """Pictures of one size in a grid, each with its title in the corner."""
    width = titled[0][1].shape[1]
    size = max(16, columns * width // LETTERS)
    labelled = [_titled(image, title, size) for title, image in titled]
    blank = [np.zeros_like(labelled[0])] * (-len(labelled) % columns)
    cells = labelled + blank
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)


def _titled(image: np.ndarray, title: str, size: int) -> np.ndarray:
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    size = min(size, int(2 * size * picture.width / draw.textlength(title, font_size=2 * size)))
    draw.text((9, 7), title, fill="white", stroke_width=2, stroke_fill="black", font_size=size)
    return np.asarray(picture)


def save(image: np.ndarray, path: Path) -> None:
    """Write a picture, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
