"""Where it was clicked, as `select` is told."""

from argparse import ArgumentParser, Namespace

import numpy as np

from .. import protocol
from ..errors import BadInput


def add_first_click(parser: ArgumentParser) -> None:
    parser.add_argument("--view", metavar="NAME", help="the view that is clicked")
    parser.add_argument(
        "--pixel",
        nargs=2,
        type=float,
        metavar=("X", "Y"),
        help="the clicked pixel, from the top left",
    )
    parser.add_argument(
        "--ray",
        nargs=6,
        type=float,
        metavar=("OX", "OY", "OZ", "DX", "DY", "DZ"),
        help="instead of a pixel: origin and direction of a ray in the frame of the .ply",
    )
    parser.add_argument(
        "--box",
        nargs=4,
        type=float,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="instead: what fills a box in the view",
    )


def add_further_clicks(parser: ArgumentParser) -> None:
    for name, numbers, meaning in (
        ("--also", 3, "a further click on the thing"),
        ("--not", 3, "a further click on what does not belong to it"),
        ("--scribble", "+", "a stroke over the thing, as clicks along it"),
        ("--scribble-not", "+", "a stroke over what does not belong to it"),
    ):
        parser.add_argument(
            name,
            nargs=numbers,
            action="append",
            default=[],
            metavar=("VIEW", "X", "Y") if numbers == 3 else ("VIEW", "X Y"),
            help=f"{meaning}; may be given again",
        )


def read_clicks(arguments: Namespace) -> dict[str, object]:
    """The fields of a Select that are not options of the same name.

    Raises:
        BadInput: nothing is clicked, it is not clear where, or a click is no VIEW X Y.
    """
    ray, on_view, clicks = arguments.ray, arguments.pixel or arguments.box, _further(arguments)
    if (
        not (ray or on_view or clicks)
        or (ray and on_view)
        or (arguments.view is None) != (on_view is None)
    ):
        raise BadInput(
            "It is not clear where the click is.",
            "Give --view with --pixel or --box, or --ray, or --scribble.",
        )
    return {
        "view": arguments.view or "",
        "ray_origin": ray and tuple(ray[:3]),
        "ray_direction": ray and tuple(ray[3:]),
        "clicks": clicks,
    }


def _further(arguments: Namespace) -> tuple[protocol.Click, ...]:
    """Those of --also, --not and the scribbles, each given as VIEW X Y [X Y ...]."""
    clicks = []
    for name in ("also", "scribble", "not", "scribble_not"):
        for view, *numbers in getattr(arguments, name):
            try:
                points = np.array(numbers, float).reshape(-1, 2)
            except ValueError as e:
                raise BadInput(
                    f"A click is not clear: {view} {' '.join(numbers)}.", "Give a view, X and Y."
                ) from e
            if len(points):
                clicks += protocol.clicks_along(view, points, wanted="not" not in name)
    return tuple(clicks)
