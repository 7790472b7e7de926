"""The three synthetic scenes: what stands where, what belongs together, who looks on."""

from collections.abc import Mapping
from dataclasses import dataclass

from .furniture import (
    board,
    chair,
    cushion,
    dining_table,
    picture,
    plant,
    room,
    round_table,
    rug,
    shelf,
    sofa,
)
from .materials import NAVY, RED
from .ornaments import books, candle, dice, duck, lamp, pencil_cup, vase
from .tableware import bottle, cake, fruit_bowl, mug, orange, teapot, tray
from .things import Thing


@dataclass(frozen=True)
class Look:
    """What a camera looks at, and from how far and how high."""

    elevation: float  # degrees
    distance: float = 15.0
    target: tuple[float, float, float] = (0.0, 0.0, 0.1)


@dataclass(frozen=True)
class Layout:
    """A scene before it is sampled. z is up; the first thing is what the others stand on."""

    things: tuple[Thing, ...]
    groups: Mapping[str, tuple[str, ...]]  # objects and parts that are also taken as one
    looks: tuple[Look, ...]  # taken in turn
    azimuths: tuple[float, float] = (0.0, 360.0)  # degrees that the cameras are spread over


def tabletop() -> Layout:
    """A table and thirteen objects on it, seen from all around."""
    things = (
        round_table(),
        tray().at(-2.35, -2.35, 48),
        mug().at(-2.9, -3.0, 195, 0.05),
        lamp().at(0.2, 0.4),
        fruit_bowl().at(3.4, 1.4),
        books().at(2.8, -1.5, 25),
        bottle().at(1.5, 2.9),
        teapot().at(-1.8, -1.75, 40, 0.05),
        vase().at(-2.3, 1.5),
        cake().at(0.1, -4.0),
        pencil_cup().at(-4.2, -0.4),
        dice().at(1.9, -3.5),
        candle().at(-0.3, 4.2),
        duck().at(-2.6, 3.8, 230),
    )
    groups = {
        "fruit": ("fruit bowl/apple", "fruit bowl/orange", "fruit bowl/lime"),
        "flowers": ("vase/stems", "vase/rose", "vase/daisy", "vase/tulip"),
        "tea tray": ("tray", "mug", "teapot"),
    }
    return Layout(things, groups, (Look(22), Look(36), Look(55)))


def furnished_room() -> Layout:
    """A room of two walls with furniture and things on it, seen from where the others would be."""
    things = (
        room(11.0, 11.0, 5.0),
        rug().at(1.9, -2.2),
        dining_table().at(1.9, -2.2, 15),
        chair().at(0.4, -4.4, 190),
        sofa().at(1.7, 4.1),
        cushion("striped cushion", RED).at(0.6, 4.3, 10, 1.25),
        cushion("navy cushion", NAVY).at(2.6, 4.3, -12, 1.25),
        shelf().at(-4.9, 1.4, 90),
        plant().at(-4.5, 4.5),
        picture().at(1.7, 5.4, 0, 3.4),
        lamp().at(4.7, 4.4, size=1.1),
        mug().at(1.2, -2.9, 40, 1.75, 0.7),
        fruit_bowl().at(2.2, -1.9, 0, 1.75, 0.7),
        bottle().at(3.0, -2.5, 0, 1.75, 0.6),
        books().at(-4.9, 0.9, 95, 1.8, 0.55),
        vase().at(-4.9, 2.1, 0, 1.8, 0.45),
        teapot().at(-4.9, 1.7, 60, 3.3, 0.6),
        pencil_cup().at(-4.9, 0.6, 0, 3.3, 0.6),
        duck().at(-1.8, -3.6, 300),
        dice().at(-2.9, -1.0, 30),
    )
    groups = {
        "table setting": ("table", "mug", "fruit bowl", "bottle"),
        "sofa with cushions": ("sofa", "striped cushion", "navy cushion"),
        "shelf and contents": ("shelf", "books", "vase", "teapot", "pencil cup"),
        "fruit": ("fruit bowl/apple", "fruit bowl/orange", "fruit bowl/lime"),
    }
    looks = (
        Look(28, 17, (0.0, 0.0, 1.0)),
        Look(45, 17, (0.0, 0.0, 1.0)),
        Look(35, 8, (1.5, -2.4, 1.3)),  # the table
        Look(20, 8, (-4.0, 1.5, 2.2)),  # the shelf
        Look(30, 9, (2.0, 4.0, 1.5)),  # the sofa
        Look(30, 8, (-2.2, -2.4, 0.5)),  # what lies on the floor
    )
    return Layout(things, groups, looks, (-85.0, -5.0))


def close_packed() -> Layout:
    """Like objects that touch each other: bottles, mugs, oranges and dice in rows."""
    bottles = _grid(bottle(), (4, 3), 0.92, (-2.3, 1.7))
    mugs = _grid(mug(), (3, 2), 0.9, (2.0, 1.9), turn=-45)
    oranges = _grid(orange(), (4, 3), 0.9, (-2.2, -2.2))
    stacks = _grid(dice(), (2, 2), 1.35, (2.2, -2.0))
    groups = {
        name: tuple(thing.name for thing in things)
        for name, things in (("bottles", bottles), ("mugs", mugs), ("oranges", oranges))
    }
    things = (board(9.0, 7.5), *bottles, *mugs, *oranges, *stacks)
    middle = (0.0, 0.0, 0.5)
    looks = Look(25, 12, middle), Look(45, 12, middle), Look(65, 12, middle)
    return Layout(things, groups, looks)


def _grid(
    thing: Thing,
    count: tuple[int, int],
    pitch: float,
    centre: tuple[float, float],
    turn: float = 0.0,
) -> tuple[Thing, ...]:
    """Copies in columns and rows, numbered from 1."""
    columns, rows = count
    return tuple(
        thing.called(f"{thing.name} {row * columns + column + 1}").at(
            centre[0] + pitch * (column - (columns - 1) / 2),
            centre[1] + pitch * (row - (rows - 1) / 2),
            turn,
        )
        for row in range(rows)
        for column in range(columns)
    )


LAYOUTS = {"tabletop": tabletop, "room": furnished_room, "packed": close_packed}
