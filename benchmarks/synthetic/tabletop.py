"""What stands on the synthetic table: thirteen objects, each of named parts.

Lengths are decimetres, z is up, the table top is z = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .materials import (
    BLACK,
    BLUE,
    BRASS,
    BROWN,
    CREAM,
    GREEN,
    LIME,
    NAVY,
    ORANGE,
    PINK,
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


@dataclass(frozen=True)
class Part:
    """A piece of an object that a person would name."""

    name: str
    pieces: tuple[tuple[Surface, Paint], ...]
    gloss: float = 0.1  # height of the highlight that SH carry
    density: float = 1.0  # Gaussians for each unit of area, against the other parts


@dataclass(frozen=True)
class Thing:
    """An object on the table."""

    name: str
    parts: tuple[Part, ...]

    def at(self, x: float, y: float, turn: float = 0.0, z: float = 0.0) -> "Thing":
        """The object turned about z by degrees and moved."""
        return Thing(self.name, tuple(_moved(part, (x, y, z), turn) for part in self.parts))


def _moved(part: Part, at: Sequence[float], turn: float = 0.0) -> Part:
    pieces = tuple((placed(surface, at, (0, 0, turn)), paint) for surface, paint in part.pieces)
    return replace(part, pieces=pieces)


# Objects that a person would also take as one, at a larger scale.
GROUPS = {
    "fruit": ("fruit bowl/apple", "fruit bowl/orange", "fruit bowl/lime"),
    "flowers": ("vase/stems", "vase/rose", "vase/daisy", "vase/tulip"),
    "tea tray": ("tray", "mug", "teapot"),
}


def _table() -> Thing:
    top = lathe([(5.6, -0.35), (5.6, -0.06), (5.54, 0.0), (0.0, 0.0)])
    wood = grained(WOOD, (0.74, 0.52, 0.32))
    return Thing("table", (Part("top", coat(wood, top), 0.1, 0.22),))


def _tray() -> Thing:
    oval = lathe([(1.75, 0), (1.9, 0.12), (1.86, 0.16), (1.7, 0.05), (0, 0.05)])
    flat = placed(oval, stretch=(1, 0.72, 1))
    return Thing("tray", (Part("tray", coat(plain((0.6, 0.7, 0.62)), flat), 0.3, 0.5),))


def _mug() -> Thing:
    wall = lathe([(0.36, 0), (0.42, 0.06), (0.44, 0.95), (0.41, 0.97), (0.38, 0.93), (0.36, 0.7)])
    handle = tube([(0.42, 0, 0.8), (0.7, 0, 0.78), (0.78, 0, 0.48), (0.4, 0, 0.2)], 0.06)
    tea = lathe([(0.37, 0.78), (0, 0.78)])
    return Thing(
        "mug",
        (
            Part("body", coat(dots(BLUE, WHITE, 9, 4), wall), 0.25),
            Part("handle", coat(plain(WHITE), handle), 0.25),
            Part("tea", coat(plain((0.5, 0.2, 0.06)), tea), 0.3),
        ),
    )


def _lamp() -> Thing:
    base = lathe([(0.75, 0), (0.75, 0.1), (0.5, 0.22), (0.08, 0.3), (0, 0.3)])
    pole = tube([(0, 0, 0.3), (0, 0, 3.9)], 0.08)
    shade = lathe([(1.15, 2.75), (1.12, 2.8), (0.65, 4.1), (0.62, 4.1)])
    return Thing(
        "lamp",
        (
            Part("base", coat(plain(BRASS), base), 0.3),
            Part("pole", coat(plain(BRASS), pole), 0.3),
            Part("shade", coat(stripes(CREAM, (0.9, 0.7, 0.45), 14, along=0), shade), 0.02),
        ),
    )


def _fruit_bowl() -> Thing:
    outside = [(0.45, 0), (0.8, 0.2), (1.15, 0.5), (1.28, 0.72)]
    bowl = lathe([*outside, (1.2, 0.72), (0.7, 0.25), (0, 0.15)])
    apple = lathe([(0, 0), (0.3, 0.04), (0.44, 0.38), (0.3, 0.7), (0.08, 0.64), (0, 0.6)], True)
    stalk = tube([(0, 0, 0.58), (0.03, 0, 0.7), (0.1, 0, 0.82)], 0.025)
    apple_pieces = coat(plain(RED, 0.15), apple) + coat(plain(BROWN), stalk)
    orange = placed(ball(0.45), (0.5, 0.2, 0.66))
    lime = placed(ball(0.36), (-0.02, -0.55, 0.58), (0, 20, 30), (1.25, 1, 1))
    return Thing(
        "fruit bowl",
        (
            Part("bowl", coat(stripes(WHITE, TEAL, 6), bowl), 0.25),
            _moved(Part("apple", apple_pieces, 0.25), (-0.45, 0.32, 0.27)),
            Part("orange", coat(plain(ORANGE, 0.08), orange), 0.12),
            Part("lime", coat(plain(LIME, 0.1), lime), 0.15),
        ),
    )


def _book(name: str, colour: Colour, size: Sequence[float], z: float, turn: float) -> Part:
    width, depth, height = size
    board = box(width, depth, 0.05)
    lid = [placed(face, (0, 0, height - 0.05)) for face in board]
    spine = [placed(face, (0.025 - width / 2, 0, 0)) for face in box(0.05, depth, height)]
    pages = [placed(face, (0, 0, 0.02)) for face in box(width - 0.12, depth - 0.14, height - 0.04)]
    cloth, paper = plain(colour), stripes(CREAM, (0.8, 0.74, 0.6), 5)
    pieces = coat(cloth, *board, *lid, *spine) + coat(paper, *pages[1:])
    return _moved(Part(name, pieces, 0.08), (0, 0, z), turn)


def _books() -> Thing:
    return Thing(
        "books",
        (
            _book("red book", RED, (2.1, 1.5, 0.34), 0.0, 0),
            _book("green book", GREEN, (1.8, 1.35, 0.26), 0.34, 14),
            _book("navy book", NAVY, (1.5, 1.1, 0.22), 0.6, -9),
        ),
    )


def _bottle() -> Thing:
    body = lathe([(0.4, 0), (0.45, 0.08), (0.45, 1.4), (0.36, 1.75), (0.15, 2.05)])
    neck = lathe([(0.15, 2.05), (0.13, 2.45)])
    label = lathe([(0.46, 0.5), (0.46, 1.2)])
    cap = lathe([(0.17, 2.42), (0.17, 2.72), (0, 2.72)])
    return Thing(
        "bottle",
        (
            Part("body", coat(plain(GREEN), body, neck), 0.4),
            Part("label", coat(dots(CREAM, RED, 12, 3, 0.25), label), 0.05),
            Part("cap", coat(plain(BRASS), cap), 0.3),
        ),
    )


def _teapot() -> Thing:
    round_body = [(0.4, 0), (0.7, 0.25), (0.8, 0.55), (0.66, 0.85), (0.4, 1.0)]
    body = lathe(round_body, smooth=True)
    lid = lathe([(0.42, 0.99), (0.3, 1.1), (0.06, 1.16)])
    knob = placed(ball(0.11), (0, 0, 1.25))
    spout = tube([(0.7, 0, 0.4), (1.05, 0, 0.55), (1.3, 0, 1.0)], (0.2, 0.13, 0.08))
    handle = tube([(-0.68, 0, 0.8), (-1.1, 0, 0.85), (-1.15, 0, 0.45), (-0.72, 0, 0.3)], 0.075)
    glaze = stripes(TEAL, (0.06, 0.4, 0.45), 9)
    return Thing(
        "teapot",
        (
            Part("body", coat(glaze, body), 0.35),
            Part("lid", coat(plain(CREAM), lid, knob), 0.3),
            Part("spout", coat(plain(TEAL), spout), 0.35),
            Part("handle", coat(plain(BROWN), handle), 0.2),
        ),
    )


def _blossom(centre: Sequence[float], petals: int, length: float, tilt: float) -> list[Surface]:
    leaf = placed(ball(1.0), (length * 0.75, 0, 0), (0, 0, 0), (length * 0.6, length * 0.38, 0.05))
    return [placed(placed(leaf, turn=(0, -tilt, 360 * k / petals)), centre) for k in range(petals)]


def _vase() -> Thing:
    vase = lathe([(0.3, 0), (0.58, 0.5), (0.5, 0.95), (0.24, 1.35), (0.34, 1.6)], smooth=True)
    heads = {"rose": (0.55, 0.15, 2.9), "daisy": (-0.45, 0.45, 2.65), "tulip": (-0.1, -0.6, 2.75)}
    stems = [
        tube([(0, 0, 0.9), (0.12 * x, 0.12 * y, 1.6), (0.7 * x, 0.7 * y, 2.2), (x, y, z)], 0.035)
        for x, y, z in heads.values()
    ]
    rose, daisy, tulip = heads.values()
    heart = placed(ball(0.15), daisy, stretch=(1, 1, 0.6))
    pink, white = coat(plain(PINK, 0.1), *_blossom(rose, 6, 0.32, 35)), plain(WHITE)
    return Thing(
        "vase",
        (
            Part("vase", coat(stripes(NAVY, BLUE, 5), vase), 0.35),
            Part("stems", coat(plain(GREEN), *stems), 0.05),
            Part("rose", pink + coat(plain(RED), placed(ball(0.17), rose)), 0.05),
            Part("daisy", coat(white, *_blossom(daisy, 9, 0.33, 8)) + coat(plain(YELLOW), heart)),
            Part("tulip", coat(plain(YELLOW, 0.1), *_blossom(tulip, 5, 0.36, 62)), 0.05),
        ),
    )


def _cake() -> Thing:
    plate = lathe([(0.5, 0), (0.9, 0.06), (1.1, 0.14), (1.08, 0.17), (0.8, 0.1), (0, 0.08)])
    cake = lathe([(0.7, 0.1), (0.7, 0.62), (0.64, 0.68), (0, 0.68)])
    angles = np.linspace(0, 2 * np.pi, 7)[:-1]
    cherries = [placed(ball(0.11), (0.48 * np.cos(a), 0.48 * np.sin(a), 0.76)) for a in angles]
    return Thing(
        "cake",
        (
            Part("plate", coat(plain(WHITE), plate), 0.25),
            Part("cake", coat(stripes(BROWN, (0.93, 0.75, 0.55), 4), cake), 0.05),
            Part("cherries", coat(plain(RED), *cherries), 0.35),
        ),
    )


def _pencil(name: str, colour: Colour, lean: Sequence[float], at: Sequence[float]) -> Part:
    shaft = lathe([(0.07, 0), (0.07, 1.4)])
    point = lathe([(0.07, 1.4), (0.022, 1.62)])
    lead = lathe([(0.022, 1.62), (0, 1.7)])
    pieces = (
        coat(stripes(colour, colour, 3, along=0), shaft)
        + coat(plain((0.85, 0.66, 0.42)), point)
        + coat(plain(BLACK), lead)
    )
    return Part(name, tuple((placed(s, at, (*lean, 0)), paint) for s, paint in pieces), 0.15)


def _pencil_cup() -> Thing:
    cup = lathe([(0.4, 0), (0.42, 1.0), (0.38, 1.0), (0.36, 0.05), (0, 0.05)])
    return Thing(
        "pencil cup",
        (
            Part("cup", coat(stripes((0.35, 0.35, 0.4), (0.6, 0.6, 0.66), 8), cup), 0.1),
            _pencil("red pencil", RED, (0, 13), (-0.1, 0.05, 0.08)),
            _pencil("yellow pencil", YELLOW, (12, -6), (0.05, 0.12, 0.08)),
            _pencil("blue pencil", BLUE, (-13, -4), (0.08, -0.1, 0.08)),
        ),
    )


def _dice() -> Thing:
    def die(name: str, colour: Colour, spot: Colour, at: Sequence[float], turn: float) -> Part:
        one, four = dots(colour, spot, 1, 1, 0.15), dots(colour, spot, 2, 2, 0.26)
        pieces = tuple(zip(box(0.55, 0.55, 0.55), (one, four, one, four, one), strict=True))
        return _moved(Part(name, pieces, 0.2), at, turn)

    return Thing(
        "dice",
        (
            die("white die", WHITE, BLACK, (0, 0, 0), 20),
            die("red die", RED, WHITE, (0.75, -0.3, 0), 55),
        ),
    )


def _candle() -> Thing:
    holder = lathe([(0.55, 0), (0.6, 0.1), (0.3, 0.14), (0.26, 0.4), (0.2, 0.42)])
    wax = lathe([(0.2, 0.35), (0.2, 1.35), (0.16, 1.38), (0, 1.34)])
    flame = lathe([(0, 1.4), (0.09, 1.55), (0.05, 1.75), (0, 1.95)], smooth=True)
    return Thing(
        "candle",
        (
            Part("holder", coat(plain(BRASS), holder), 0.35),
            Part("wax", coat(plain((0.75, 0.2, 0.25)), wax), 0.15),
            Part("flame", coat(plain((1.0, 0.75, 0.25)), flame), 0.0),
        ),
    )


def _duck() -> Thing:
    body = placed(ball(0.55), (0, 0, 0.42), stretch=(1.15, 0.9, 0.78))
    tail = placed(ball(0.22), (-0.6, 0, 0.6), (0, 40, 0), (1.3, 0.8, 0.6))
    head = placed(ball(0.36), (0.38, 0, 1.0))
    eyes = [placed(ball(0.06), (0.62, side, 1.12)) for side in (-0.2, 0.2)]
    beak = placed(ball(0.2), (0.76, 0, 0.92), stretch=(1, 0.9, 0.4))
    yellow = plain(YELLOW)
    return Thing(
        "duck",
        (
            Part("body", coat(yellow, body, tail), 0.25),
            Part("head", coat(yellow, head) + coat(plain(BLACK), *eyes), 0.25),
            Part("beak", coat(plain(ORANGE), beak), 0.2),
        ),
    )


def tabletop() -> tuple[Thing, ...]:
    """The table and the thirteen objects on it, laid out."""
    return (
        _table(),
        _tray().at(-2.35, -2.35, 48),
        _mug().at(-2.9, -3.0, 195, 0.05),
        _lamp().at(0.2, 0.4),
        _fruit_bowl().at(3.4, 1.4),
        _books().at(2.8, -1.5, 25),
        _bottle().at(1.5, 2.9),
        _teapot().at(-1.8, -1.75, 40, 0.05),
        _vase().at(-2.3, 1.5),
        _cake().at(0.1, -4.0),
        _pencil_cup().at(-4.2, -0.4),
        _dice().at(1.9, -3.5),
        _candle().at(-0.3, 4.2),
        _duck().at(-2.6, 3.8, 230),
    )
