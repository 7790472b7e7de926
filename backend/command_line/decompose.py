"""`decompose`: all objects of a scene."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from .. import protocol
from ..engine import Engine
from ..errors import BadInput
from ..objects import counts_of, save_objects
from ..progress import Report
from .options import add_masks, add_output, add_scales, add_scene, add_views, request
from .paths import check_inputs, checked_output
from .saving import save_array

SUMMARY = "find all objects"
ABOUT = """\
Group all Gaussians into objects, without a click.

At each scale (see `select --help`) the Gaussians that are alike become an
object; what is like nothing else belongs to none. With several scales, what is
found at a smaller one is a part of what is found at a larger one: "Object 2.1"
is the largest part of "Object 2", the second largest object. A scale at which
all is one object is left out."""


def add_options(parser: ArgumentParser) -> None:
    add_scene(parser)
    add_scales(parser, "how large things are, from 0 to 1; again for their parts", required=True)
    parser.add_argument(
        "--name-with",
        metavar="MODEL",
        help='name what is found with a text-image model (see `find --help`): "" for ViT-B-16',
    )
    add_views(parser)
    add_masks(parser)
    add_output(
        parser,
        "OUT.npy: a row of labels for each scale, the largest scale first, -1 for no object; "
        "else a new folder, with a .ply of each object; of several scales each has its own in it",
    )


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    check_inputs(arguments.scene, arguments.views, arguments.masks)
    output = _labels_or_folder(arguments)
    found = engine.handle(request(protocol.Decompose, arguments), report)
    if output.suffix:
        save_array(output, found.labels)
    else:
        save_objects(output, engine.open(arguments.scene).cloud, found)
    facts = {"output": str(output), "parents": found.parents.tolist()}
    facts |= counts_of(found)
    counted = zip(found.names, facts["counts"], strict=True)
    lines = [f"{name:12} {count:>9,}" for name, count in counted]
    for scale, count in zip(found.scales, facts["unassigned"], strict=True):
        lines.append(f"{count:,} Gaussians belong to no object at scale {scale:g}.")
    return "\n".join([*lines, f"Saved {output}"]), facts


def _labels_or_folder(arguments: Namespace) -> Path:
    """A .npy that can be written, or a folder that can be made."""
    output = Path(arguments.output)
    if output.suffix:  # so a folder's name has no dot
        return checked_output(arguments.output, arguments.scene, ".npy")
    if output.exists():
        raise BadInput(f"{output} already exists.", "Name a new folder.")
    if not output.parent.is_dir():
        raise BadInput(f"There is no folder {output.parent}.", "Make it first.")
    return output
