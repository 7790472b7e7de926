"""Draws the tools' icons into saga_blender/icons, in Blender's own format: coloured triangles.

"VCO" 0, the largest x and y, two unused bytes; then of each triangle the corners
(x, y from the lower left), then of each corner the colour (RGBA), all of a byte.
"""

from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "saga_blender" / "icons"
WHITE, ORANGE, BLUE = (255, 255, 255, 255), (255, 140, 40, 255), (90, 175, 255, 255)
ROUND = 14  # corners of a disc

Shape = tuple[list[tuple[float, float]], tuple[int, int, int, int]]  # convex, in 0..255


def disc(x: float, y: float, width: float, height: float, color) -> Shape:
    """A Gaussian: an ellipse."""
    turns = [2 * pi * k / ROUND for k in range(ROUND)]
    return [(x + width * cos(a), y + height * sin(a)) for a in turns], color


def bar(x: float, y: float, to_x: float, to_y: float, color=WHITE) -> Shape:
    """An upright rectangle between two corners."""
    return [(x, y), (to_x, y), (to_x, to_y), (x, to_y)], color


def thing() -> list[Shape]:
    """What is selected: Gaussians that belong together, and one that does not."""
    return [
        disc(66, 120, 44, 30, ORANGE),
        disc(108, 166, 40, 44, ORANGE),
        disc(140, 214, 30, 22, ORANGE),
        disc(214, 150, 22, 16, BLUE),
    ]


def select() -> list[Shape]:
    arrow = [([(118, 132), (118, 12), (152, 46), (208, 44)], WHITE)]
    return [*thing(), *arrow]


def box() -> list[Shape]:
    low, high, thick, dash = 22, 232, 14, 42
    dashes = []
    for start in range(low, high - dash + 1, 84):
        end = start + dash
        dashes += [bar(start, low, end, low + thick), bar(start, high - thick, end, high)]
        dashes += [bar(low, start, low + thick, end), bar(high - thick, start, high, end)]
    return [
        disc(112, 112, 46, 34, ORANGE),
        disc(150, 158, 34, 28, ORANGE),
        disc(84, 172, 24, 20, ORANGE),
        *dashes,
    ]


def brush() -> list[Shape]:
    handle = ([(226, 246), (246, 226), (166, 128), (146, 148)], WHITE)
    tip = ([(138, 140), (158, 120), (120, 66), (72, 44), (96, 98)], WHITE)
    return [
        disc(70, 150, 46, 34, ORANGE),
        disc(44, 92, 30, 26, ORANGE),
        disc(104, 206, 26, 22, ORANGE),
        handle,
        tip,
    ]


def packed(shapes: list[Shape]) -> bytes:
    """An icon as Blender reads it; later shapes lie over earlier ones."""
    corners, colors = bytearray(), bytearray()
    for outline, color in shapes:
        first, *others = [(round(x), round(y)) for x, y in outline]
        for second, third in pairwise(others):
            corners += bytes((*first, *second, *third))
            colors += bytes(color * 3)
    return b"VCO\0" + bytes((255, 255, 0, 0)) + corners + colors


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for draw in (select, box, brush):
        (FOLDER / f"{draw.__name__}.dat").write_bytes(packed(draw()))
