"""Furniture, and the room and the boards that things stand on. Lengths are about 3 dm in a room."""

from collections.abc import Sequence

import numpy as np

from .materials import (
    BLUE,
    BROWN,
    CREAM,
    GREEN,
    NAVY,
    ORANGE,
    RED,
    TEAL,
    WHITE,
    WOOD,
    YELLOW,
    Colour,
    Paint,
    coat,
    dots,
    grained,
    plain,
    stripes,
)  # fmt: skip
from .surfaces import Surface, ball, box, lathe, placed, tube
from .things import Part, Thing

PINE, OAK = grained(WOOD, (0.74, 0.52, 0.32)), grained((0.4, 0.25, 0.13), (0.56, 0.37, 0.2))


def _boxes(*sizes_and_places: tuple[Sequence[float], Sequence[float]]) -> list[Surface]:
    """Boxes of (width, depth, height), each with the middle of its underside at a place."""
    return [placed(face, at) for size, at in sizes_and_places for face in box(*size)]


def _legs(width: float, depth: float, height: float, radius: float) -> list[Surface]:
    corners = [(x, y) for x in (-width / 2, width / 2) for y in (-depth / 2, depth / 2)]
    return [tube([(x, y, 0), (x, y, height)], radius) for x, y in corners]


def round_table() -> Thing:
    """Only its top, at z = 0."""
    top = lathe([(5.6, -0.35), (5.6, -0.06), (5.54, 0.0), (0.0, 0.0)])
    return Thing("table", (Part("top", coat(PINE, top), 0.1, 0.22),))


def board(width: float, depth: float) -> Thing:
    """A slab whose upper side is at z = 0."""
    slab = _boxes(((width, depth, 0.3), (0, 0, -0.3)))
    return Thing("board", (Part("top", coat(OAK, *slab), 0.1, 0.3),))


def room(width: float, depth: float, height: float) -> Thing:
    """A floor at z = 0, and the walls behind and to the left of it."""
    upwards, forwards, sideways, *_ = box(1, 1, 1)
    floor = placed(upwards, (0, 0, -1), stretch=(width, depth, 1))
    back = placed(forwards, (0, depth / 2 + 0.5, 0), stretch=(width, 1, height))
    left = placed(sideways, (-width / 2 - 0.5, 0, 0), stretch=(1, depth, height))
    walls = plain((0.78, 0.8, 0.74), 0.02), stripes((0.82, 0.75, 0.62), (0.86, 0.8, 0.69), 24, 0)
    return Thing(
        "room",
        (
            Part("floor", coat(PINE, floor), 0.1, 0.12),
            Part("back wall", coat(walls[0], back), 0.0, 0.08),
            Part("left wall", coat(walls[1], left), 0.0, 0.08),
        ),
    )


def rug() -> Thing:
    disc = lathe([(2.1, 0.0), (2.1, 0.05), (0, 0.05)])
    return Thing("rug", (Part("rug", coat(dots(RED, CREAM, 20, 5), disc), 0.0, 0.3),))


def dining_table() -> Thing:
    top = _boxes(((3.4, 2.2, 0.15), (0, 0, 1.6)))
    return Thing(
        "table",
        (
            Part("top", coat(OAK, *top), 0.15, 0.5),
            Part("legs", coat(plain(BROWN), *_legs(3.0, 1.8, 1.6, 0.1)), 0.1),
        ),
    )


def chair() -> Thing:
    back = _boxes(((1.1, 0.12, 1.1), (0, 0.5, 1.1)))
    return Thing(
        "chair",
        (
            Part("seat", coat(plain(ORANGE), *_boxes(((1.1, 1.1, 0.14), (0, 0, 0.95)))), 0.1),
            Part("back", coat(plain(ORANGE), *back), 0.1),
            Part("legs", coat(plain(BROWN), *_legs(0.9, 0.9, 0.95, 0.06)), 0.1),
        ),
    )


def sofa() -> Thing:
    cloth: Paint = plain(TEAL, 0.12)
    arms = {"left arm": -1.95, "right arm": 1.95}
    return Thing(
        "sofa",
        (
            Part("seat", coat(cloth, *_boxes(((3.5, 1.5, 0.8), (0, 0, 0)))), 0.0, 0.6),
            Part("back", coat(cloth, *_boxes(((4.3, 0.4, 1.8), (0, 0.95, 0)))), 0.0, 0.6),
            *(
                Part(name, coat(cloth, *_boxes(((0.4, 1.5, 1.2), (x, 0, 0)))), 0.0, 0.6)
                for name, x in arms.items()
            ),
        ),
    )


def cushion(name: str, colour: Colour) -> Thing:
    pillow = placed(ball(1.0), (0, 0, 0), (60, 0, 0), (0.55, 0.5, 0.2))
    return Thing(name, (Part(name, coat(stripes(colour, WHITE, 8), pillow), 0.0),))


def shelf() -> Thing:
    sides = _boxes(((0.12, 0.9, 4.2), (-1.4, 0, 0)), ((0.12, 0.9, 4.2), (1.4, 0, 0)))
    levels = {"lower board": 0.2, "middle board": 1.7, "upper board": 3.2}
    return Thing(
        "shelf",
        (
            Part("sides", coat(OAK, *sides), 0.1, 0.8),
            *(
                Part(name, coat(PINE, *_boxes(((2.7, 0.85, 0.1), (0, 0, z)))), 0.1, 0.8)
                for name, z in levels.items()
            ),
        ),
    )


def plant() -> Thing:
    pot = lathe([(0.4, 0), (0.6, 0.9), (0.52, 0.9), (0.5, 0.75), (0, 0.75)])
    leaves = []
    for k in range(14):
        angle, rise = 2 * np.pi * k * 0.618, 0.5 + 0.12 * k
        tip = np.array([0.55 * np.cos(angle), 0.55 * np.sin(angle), 0.8 + rise])
        turn = (0, -35, np.degrees(angle))
        leaves.append(placed(ball(1.0), tip, turn, (0.55, 0.22, 0.04)))
    trunk = tube([(0, 0, 0.7), (0.03, 0, 1.6), (0, 0, 2.9)], 0.06)
    return Thing(
        "plant",
        (
            Part("pot", coat(plain((0.7, 0.35, 0.22)), pot), 0.05),
            Part("leaves", coat(plain(GREEN, 0.2), trunk, *leaves), 0.15),
        ),
    )


def picture() -> Thing:
    """Hangs on a wall behind it, its middle at z = 0."""
    canvas = _boxes(((1.8, 0.04, 1.2), (0, -0.06, -0.6)))
    rails = _boxes(
        ((2.1, 0.12, 0.15), (0, 0, -0.75)), ((2.1, 0.12, 0.15), (0, 0, 0.6)),
        ((0.15, 0.12, 1.5), (-0.975, 0, -0.75)), ((0.15, 0.12, 1.5), (0.975, 0, -0.75)),
    )  # fmt: skip
    return Thing(
        "picture",
        (
            Part("canvas", coat(dots(BLUE, YELLOW, 3, 2), *canvas), 0.05),
            Part("frame", coat(plain(NAVY), *rails), 0.2),
        ),
    )
