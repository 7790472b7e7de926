"""Things that stand about in a home, each of named parts. Lengths are decimetres, z is up."""

from collections.abc import Sequence

from .materials import (
    BLACK,
    BLUE,
    BRASS,
    CREAM,
    GREEN,
    NAVY,
    ORANGE,
    PINK,
    RED,
    WHITE,
    YELLOW,
    Colour,
    coat,
    dots,
    plain,
    stripes,
)  # fmt: skip
from .surfaces import Surface, ball, box, lathe, placed, tube
from .things import Part, Thing


def lamp() -> Thing:
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


def _book(name: str, colour: Colour, size: Sequence[float], z: float, turn: float) -> Part:
    width, depth, height = size
    board = box(width, depth, 0.05)
    lid = [placed(face, (0, 0, height - 0.05)) for face in board]
    spine = [placed(face, (0.025 - width / 2, 0, 0)) for face in box(0.05, depth, height)]
    pages = [placed(face, (0, 0, 0.02)) for face in box(width - 0.12, depth - 0.14, height - 0.04)]
    cloth, paper = plain(colour), stripes(CREAM, (0.8, 0.74, 0.6), 5)
    pieces = coat(cloth, *board, *lid, *spine) + coat(paper, *pages[1:])
    return Part(name, pieces, 0.08).at((0, 0, z), turn)


def books() -> Thing:
    return Thing(
        "books",
        (
            _book("red book", RED, (2.1, 1.5, 0.34), 0.0, 0),
            _book("green book", GREEN, (1.8, 1.35, 0.26), 0.34, 14),
            _book("navy book", NAVY, (1.5, 1.1, 0.22), 0.6, -9),
        ),
    )


def _blossom(centre: Sequence[float], petals: int, length: float, tilt: float) -> list[Surface]:
    leaf = placed(ball(1.0), (length * 0.75, 0, 0), (0, 0, 0), (length * 0.6, length * 0.38, 0.05))
    return [placed(placed(leaf, turn=(0, -tilt, 360 * k / petals)), centre) for k in range(petals)]


def vase() -> Thing:
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


def pencil_cup() -> Thing:
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


def dice() -> Thing:
    def die(name: str, colour: Colour, spot: Colour, at: Sequence[float], turn: float) -> Part:
        one, four = dots(colour, spot, 1, 1, 0.15), dots(colour, spot, 2, 2, 0.26)
        pieces = tuple(zip(box(0.55, 0.55, 0.55), (one, four, one, four, one), strict=True))
        return Part(name, pieces, 0.2).at(at, turn)

    return Thing(
        "dice",
        (
            die("white die", WHITE, BLACK, (0, 0, 0), 20),
            die("red die", RED, WHITE, (0.75, -0.3, 0), 55),
        ),
    )


def candle() -> Thing:
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


def duck() -> Thing:
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
