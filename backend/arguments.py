"""What can be asked for on the command line, and what it means."""

import argparse

from . import __version__, protocol
from .errors import BadInput
from .weights.catalog import CATALOG

ABOUT = """\
Take objects out of a 3D Gaussian splat.

First train a scene (once: minutes), then select in it as often as you like
(seconds). What is learned is kept in the folder SCENE.saga beside SCENE.ply;
the .ply itself is never changed.

  python -m backend train kitchen.ply
  python -m backend select kitchen.ply --view 0003.jpg --pixel 410 260 -o mug.ply"""

TRAIN = """\
Learn which Gaussians belong together, from masks of the scene's pictures.

Needed: the scene as a 3DGS .ply. The cameras of its photographs (a COLMAP
model, the trainer's cameras.json, nerfstudio's transforms.json or LLFF's
poses_bounds.npy) are found when they lie beside the .ply; where there are
none, views are made up and rendered.
Masks are taken from SCENE.saga/masks; a Segment Anything checkpoint makes
them where they are missing."""

SELECT = """\
Select the Gaussians of what is clicked.

Click a pixel of a view (--view, --pixel), draw a box around the thing (--box)
or over it (--scribble), or shoot a ray into the scene (--ray). Two values say
how much comes with the click:

  scale      How large a thing is meant. 0 is the smallest part that the
             masks tell apart (the handle), 1 the largest group (the table
             with all that stands on it); the mug lies in between. Each
             scene has its own sizes: the answer says what the scale came
             to in the units of the scene. "auto" finds a scale around which
             the selection stays the same, of a whole thing; from any scale
             --step 1 goes to the next larger such thing, -1 to a smaller one.
  threshold  How like the clicked Gaussian another one must be to be taken:
             the cosine between their features at this scale, from -1
             (everything) to 1 (only its twins). Raise it when the selection
             spills over, lower it when parts are missing.

More clicks mend it: --also on what is missing, --not on what is too much. A
Gaussian then goes to the side of the click that it is more like."""

DECOMPOSE = """\
Group all Gaussians into objects, without a click.

At each scale (see `select --help`) the Gaussians that are alike become an
object; what is like nothing else belongs to none. With several scales, what is
found at a smaller one is a part of what is found at a larger one: "Object 2.1"
is the largest part of "Object 2", the second largest object."""

FIND = """\
Find things by what they are called, the best first.

It asks a text-image model (CLIP, of open_clip) how well the words fit what the
masks of several views agree on. The first time in a scene it looks at all of
that, which takes minutes; after that an answer takes a moment. A score above
0.5 says that the words fit a thing better than "object", "things", "stuff" and
"texture" do; where no thing reaches --floor, nothing is found.

The weights are never downloaded by this program. --text-model is a name of
open_clip whose weights are in Hugging Face's cache, a file of weights named
after the model (ViT-B-16.safetensors), or a folder as open_clip publishes one."""

RENDER = """\
Draw a view of the scene into a .png: its color, depth, alpha (how opaque),
the trained features (things that belong together have one color), or a
selection that `select` saved as .npy."""

INFO = "Say what a scene holds, and whether it has been trained."

FETCH = """\
Download weights of Segment Anything or MobileSAM, for `train --sam-checkpoint`.

It goes on where it was interrupted; the file is checked by its SHA-256. On a
machine that is offline, bring the file by other means."""


class Parser(argparse.ArgumentParser):
    """Mistakes in the arguments are input errors like all others."""

    def error(self, message: str) -> None:
        raise BadInput(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def build_parser() -> Parser:
    """The whole command line; the chosen command's name is in `command`."""
    scene = argparse.ArgumentParser(add_help=False)
    scene.add_argument("scene", metavar="SCENE.ply", help="the splat")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="answer with one JSON object on stdout")
    common.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto takes an NVIDIA GPU when there is one",
    )
    parser = Parser(
        prog="python -m backend",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    for name, summary, about, add_options in (
        ("train", "learn a scene's objects (first)", TRAIN, _train_options),
        ("select", "select what is clicked", SELECT, _select_options),
        ("decompose", "find all objects", DECOMPOSE, _decompose_options),
        ("find", "find what words say", FIND, _find_options),
        ("render", "draw a view of a scene", RENDER, _render_options),
        ("info", "say what a scene holds", INFO, lambda parser: None),
        ("fetch", "download weights that masks are made with", FETCH, _fetch_options),
    ):
        subparser = commands.add_parser(
            name,
            help=summary,
            description=about,
            parents=[common] if name == "fetch" else [scene, common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_options(subparser)
    return parser


def _views_option(parser: Parser) -> None:
    parser.add_argument(
        "--views",
        metavar="PATH",
        default="",
        help="the cameras: a COLMAP model's folder, the folder above it, a cameras.json, "
        "transforms.json or poses_bounds.npy (default: found beside the scene)",
    )


def _masks_option(parser: Parser) -> None:
    parser.add_argument(
        "--masks",
        metavar="DIR",
        default="",
        help="the masks' folder (default: SCENE.saga/masks), or your own masks: label images "
        "DIR/VIEW.png with a number for each thing, further levels in DIR/level*/VIEW.png",
    )


def _train_options(parser: Parser) -> None:
    defaults = protocol.Train(scene="")
    _views_option(parser)
    _masks_option(parser)
    parser.add_argument(
        "--sam-checkpoint",
        metavar="FILE",
        default="",
        help="weights of Segment Anything or MobileSAM (see `fetch`), to make the masks of views "
        "that have none",
    )
    parser.add_argument(
        "--max-mask-minutes",
        metavar="M",
        type=float,
        default=defaults.max_mask_minutes,
        help="stop making masks after M minutes and train on what there is (default: no limit)",
    )
    parser.add_argument(
        "--made-up-views",
        metavar="N",
        type=int,
        default=defaults.made_up_views,
        help="train on N views made up for the scene, whatever cameras there are "
        "(default: only where there are none, as many as show the scene well)",
    )
    parser.add_argument(
        "--recipe",
        choices=("fast", "paper"),
        default=defaults.recipe,
        help="fast: a warm start and few steps (default); "
        "paper: as published, a random start and 10,000 steps",
    )
    parser.add_argument(
        "--steps", metavar="N", type=int, default=0, help="training steps (default: the recipe's)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="the same seed gives the same result"
    )


def _select_options(parser: Parser) -> None:
    defaults = protocol.Select(scene="")
    _views_option(parser)
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
        help="instead: what fills a box in the view; finds the scale too",
    )
    parser.add_argument(
        "--scale",
        metavar="S",
        type=_scale_or_auto,
        default=defaults.scale,
        help="how large a thing is meant, from 0 to 1, or auto (default: %(default)s)",
    )
    parser.add_argument(
        "--step",
        metavar="N",
        type=int,
        default=0,
        help="go on to the Nth larger thing, or smaller where N is below zero",
    )
    parser.add_argument(
        "--threshold",
        metavar="T",
        type=float,
        default=defaults.threshold,
        help="how alike what is taken must be, from -1 to 1 (default: %(default)s)",
    )
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
    parser.add_argument(
        "--margin",
        metavar="M",
        type=float,
        default=defaults.margin,
        help="how much more like the thing than like --not a Gaussian must be "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--connected",
        action="store_true",
        help="only what hangs together in space with what is clicked",
    )
    parser.add_argument(
        "--without-strays",
        action="store_true",
        help="leave out what lies far from all else that is selected",
    )
    parser.add_argument(
        "--refine",
        action="store_true",
        help="let a few views vote on what straddles the boundary; takes seconds",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="OUT.ply: the selected Gaussians; OUT.npy: a boolean for each Gaussian of the scene",
    )


def _scale_or_auto(text: str) -> float | None:
    return None if text == "auto" else float(text)


def _decompose_options(parser: Parser) -> None:
    parser.add_argument(
        "--scale",
        metavar="S",
        type=float,
        action="append",
        dest="scales",
        required=True,
        help="how large things are, from 0 to 1; again for their parts",
    )
    parser.add_argument(
        "--name-with",
        metavar="MODEL",
        help='name what is found with a text-image model (see `find --help`): "" for ViT-B-16',
    )
    _views_option(parser)
    _masks_option(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="OUT.npy: a row of labels for each scale, the largest scale first, -1 for no object; "
        "else a new folder, with a .ply of each object and part",
    )


def _fetch_options(parser: Parser) -> None:
    about = "; ".join(f"{name}, {w.megabytes}: {w.about}" for name, w in CATALOG.items())
    parser.add_argument("weights", choices=CATALOG, help=about)
    parser.add_argument(
        "--folder", metavar="DIR", default=".", help="where to (default: the current folder)"
    )


def _find_options(parser: Parser) -> None:
    defaults = protocol.Find(scene="", text="")
    parser.add_argument("text", metavar="WORDS", help='what is looked for: "the bulldozer"')
    _views_option(parser)
    _masks_option(parser)
    parser.add_argument(
        "--text-model",
        metavar="MODEL",
        default=defaults.model,
        help="name, file or folder of a text-image model (default: ViT-B-16)",
    )
    parser.add_argument(
        "--most",
        metavar="N",
        type=int,
        default=defaults.most,
        help="how many things to list (default: %(default)s)",
    )
    parser.add_argument(
        "--floor",
        metavar="F",
        type=float,
        default=defaults.floor,
        help="the least score of a thing that is found, from 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        default="",
        help="OUT.ply: the Gaussians of the best; OUT.npy: a row of booleans for each thing found",
    )


def _render_options(parser: Parser) -> None:
    _views_option(parser)
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
    parser.add_argument("-o", "--output", metavar="OUT.png", required=True, help="the picture")
