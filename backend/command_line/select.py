"""`select`: what is clicked."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from .. import protocol
from ..engine import Engine
from ..errors import BadInput
from ..progress import Report
from .clicks import add_first_click, add_further_clicks, read_clicks
from .options import add_output, add_scene, add_views, request
from .paths import check_inputs, checked_output
from .saving import save_selection

SUMMARY = "select what is clicked"
ABOUT = """\
Select the Gaussians of what is clicked.

Click a pixel of a view (--view, --pixel), draw a box around the thing (--box)
or over it (--scribble), or shoot a ray into the scene (--ray). Two values say
how much comes with the click:

  scale      How large a thing is meant. 0 is the smallest part that the
             masks tell apart (the handle), 1 the largest group (the table
             with all that stands on it); the mug lies in between. Each
             scene has its own sizes: the answer says what the scale came
             to in the units of the scene. "auto" takes the whole object
             that the masks agree on, or what fits a box; from any scale
             --step 1 goes to the next larger thing, -1 to a smaller one.
  threshold  How surely a Gaussian must belong to the thing: at 0 all of
             it is taken, at 1 only its core. Where the masks agree on
             no thing, the cosine between its features and the clicked
             Gaussian's, from -1 to 1. Raise it when the selection spills
             over, lower it when parts are missing.

More clicks mend it: --also on what is missing, --not on what is too much. A
Gaussian then goes to the side of the click that it is more like."""


def add_options(parser: ArgumentParser) -> None:
    defaults = protocol.Select(scene="")
    add_scene(parser)
    add_views(parser)
    add_first_click(parser)
    parser.add_argument(
        "--scale",
        metavar="S",
        type=_scale_or_auto,
        help="how large a thing is meant, from 0 to 1, or auto (default)",
    )
    parser.add_argument(
        "--step",
        metavar="N",
        type=int,
        default=defaults.step,
        help="go on to the Nth larger thing, or smaller where N is below zero",
    )
    parser.add_argument(
        "--threshold",
        metavar="T",
        type=float,
        default=defaults.threshold,
        help="how surely what is taken must belong to it, from -1 to 1 (default: %(default)s)",
    )
    add_further_clicks(parser)
    parser.add_argument(
        "--margin",
        metavar="M",
        type=float,
        default=defaults.margin,
        help="how much more like the thing than like --not a Gaussian must be "
        "(default: %(default)s)",
    )
    for option, meaning in (
        ("--connected", "only what hangs together in space with what is clicked"),
        ("--without-strays", "leave out what lies far from all else that is selected"),
        ("--refine", "let a few views vote on what straddles the boundary; takes seconds"),
    ):
        parser.add_argument(option, action="store_true", help=meaning)
    add_output(
        parser, "OUT.ply: the selected Gaussians; OUT.npy: a boolean for each Gaussian of the scene"
    )


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    check_inputs(arguments.scene, arguments.views)
    output = checked_output(arguments.output, arguments.scene, ".ply", ".npy")
    selected = engine.handle(request(protocol.Select, arguments, **read_clicks(arguments)), report)
    if not selected.count:
        raise BadInput("No Gaussian is similar enough to what was clicked.", "Lower --threshold.")
    save_selection(output, engine, arguments.scene, selected.mask, selected.total)
    text = (
        f"Selected {selected.count:,} of {selected.total:,} Gaussians; scale {selected.scale:g} "
        f"is {selected.physical_scale:.3g} in the scene.\nSaved {output}"
    )
    facts = {
        "output": str(output),
        "count": selected.count,
        "total": selected.total,
        "scale": selected.scale,
        "physical_scale": selected.physical_scale,
    }
    return text, facts


def _scale_or_auto(text: str) -> float | None:
    try:
        return None if text == "auto" else float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a number nor auto") from error
