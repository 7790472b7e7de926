"""Options that several commands have, and options as a request."""

from argparse import ArgumentParser, Namespace
from dataclasses import fields

from .. import protocol


def add_scene(parser: ArgumentParser) -> None:
    parser.add_argument("scene", metavar="SCENE.ply", help="the splat")


def add_views(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--views",
        metavar="PATH",
        default="",
        help="the cameras: a COLMAP model's folder, the folder above it, a cameras.json, "
        "transforms.json or poses_bounds.npy (default: found beside the scene)",
    )


def add_masks(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--masks",
        metavar="DIR",
        default="",
        help="the masks' folder (default: SCENE.saga/masks), or your own masks: label images "
        "DIR/VIEW.png with a number for each thing, further levels in DIR/level*/VIEW.png",
    )


def add_output(
    parser: ArgumentParser, meaning: str, metavar: str = "OUT", required: bool = True
) -> None:
    parser.add_argument(
        "-o", "--output", metavar=metavar, default="", required=required, help=meaning
    )


def add_scales(parser: ArgumentParser, meaning: str, required: bool = False) -> None:
    parser.add_argument(
        "--scale",
        metavar="S",
        type=float,
        action="append",
        dest="scales",
        default=[],
        required=required,
        help=meaning,
    )


def request(message: type, arguments: Namespace, **given: object) -> protocol.Work:
    """The message whose fields are the options of the same names, and what is given."""
    named = {}
    for field in fields(message):
        if hasattr(arguments, field.name):
            value = getattr(arguments, field.name)
            named[field.name] = tuple(value) if isinstance(value, list) else value
    return message(**named | given)
