"""Things to eat and drink from, each of named parts. Lengths are decimetres, z is up."""

import numpy as np

from .materials import (
    BLUE,
    BRASS,
    BROWN,
    CREAM,
    GREEN,
    LIME,
    ORANGE,
    RED,
    TEAL,
    WHITE,
    coat,
    dots,
    plain,
    stripes,
)  # fmt: skip
from .surfaces import ball, lathe, placed, tube
from .things import Part, Thing


def tray() -> Thing:
    oval = lathe([(1.75, 0), (1.9, 0.12), (1.86, 0.16), (1.7, 0.05), (0, 0.05)])
    flat = placed(oval, stretch=(1, 0.72, 1))
    return Thing("tray", (Part("tray", coat(plain((0.6, 0.7, 0.62)), flat), 0.3, 0.5),))


def mug() -> Thing:
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


def teapot() -> Thing:
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


def bottle() -> Thing:
    below = lathe([(0.4, 0), (0.45, 0.08), (0.45, 0.5)])
    above = lathe([(0.45, 1.2), (0.45, 1.4), (0.36, 1.75), (0.15, 2.05)])
    neck = lathe([(0.15, 2.05), (0.13, 2.45)])
    label = lathe([(0.46, 0.5), (0.46, 1.2)])
    cap = lathe([(0.17, 2.42), (0.17, 2.72), (0, 2.72)])
    return Thing(
        "bottle",
        (
            Part("body", coat(plain(GREEN), below, above, neck), 0.4),
            Part("label", coat(dots(CREAM, RED, 12, 3, 0.25), label), 0.05),
            Part("cap", coat(plain(BRASS), cap), 0.3),
        ),
    )


def fruit_bowl() -> Thing:
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
            Part("apple", apple_pieces, 0.25).at((-0.45, 0.32, 0.27)),
            Part("orange", coat(plain(ORANGE, 0.08), orange), 0.12),
            Part("lime", coat(plain(LIME, 0.1), lime), 0.15),
        ),
    )


def cake() -> Thing:
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


def orange() -> Thing:
    """One piece of fruit: a thing of a single part."""
    peel = placed(ball(0.45), (0, 0, 0.45))
    return Thing("orange", (Part("orange", coat(plain(ORANGE, 0.08), peel), 0.12),))
