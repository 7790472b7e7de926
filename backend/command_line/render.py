"""`render`: a view of a scene, as a picture."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from .. import protocol
from ..array_files import read_npy
from ..engine import Engine
from ..errors import BadInput
from ..files import replacing
from ..progress import Report
from .options import add_output, add_scene, add_views, request
from .paths import check_inputs, checked_output

MOST_BYTES = 1 << 31  # one for each Gaussian
ADVICE = "Save a selection with `select -o OUT.npy`."
SUMMARY = "draw a view of a scene"
ABOUT = """\
Draw a view of the scene into a .png: its colour, depth, alpha (how opaque),
the trained features (things that belong together have one colour), or a
selection that `select` saved as .npy."""


def add_options(parser: ArgumentParser) -> None:
    add_scene(parser)
    add_views(parser)
    parser.add_argument("--view", metavar="NAME", required=True, help="the view to draw")
    parser.add_argument(
        "--what",
        choices=("color", "depth", "alpha", "features", "selection"),
        default="color",
        help="what to draw (default: %(default)s)",
    )
    parser.add_argument("--selection", metavar="FILE.npy", default="", help="for --what selection")
    parser.add_argument(
        "--size", nargs=2, type=int, metavar=("W", "H"), help="in pixels (default: the view's own)"
    )
    add_output(parser, "the picture", metavar="OUT.png")


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    from PIL import Image

    check_inputs(arguments.scene, arguments.views, arguments.selection)
    output = checked_output(arguments.output, arguments.scene, ".png")
    if (arguments.what == "selection") != bool(arguments.selection):
        raise BadInput(
            "It is not clear what is to be drawn.", "Give --selection with --what selection."
        )
    selection = _load_selection(arguments.selection) if arguments.selection else None
    image = engine.handle(request(protocol.Render, arguments, selection=selection), report).image
    with replacing(output) as stream:
        Image.fromarray(image).save(stream, "PNG")
    height, width = image.shape[:2]
    return f"Saved {output}", {"output": str(output), "width": width, "height": height}


def _load_selection(path: str) -> np.ndarray:
    try:
        selection = read_npy(Path(path), MOST_BYTES)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as a .npy file.", ADVICE) from error
    if selection.dtype != bool or selection.ndim != 1:
        raise BadInput(f"{path} holds no selection.", ADVICE)
    return selection
