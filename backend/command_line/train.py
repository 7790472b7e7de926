"""`train`: learn a scene's objects."""

from argparse import ArgumentParser, Namespace

from .. import protocol
from ..engine import Engine
from ..progress import Report
from .options import add_masks, add_scene, add_views, request
from .paths import check_inputs

SUMMARY = "learn a scene's objects (first)"
ABOUT = """\
Learn which Gaussians belong together, from masks of the scene's pictures.

Needed: the scene as a 3DGS .ply. The cameras of its photographs (a COLMAP
model, the trainer's cameras.json, nerfstudio's transforms.json or LLFF's
poses_bounds.npy) are found when they lie beside the .ply; where there are
none, views are made up and rendered.
Masks are taken from SCENE.saga/masks; a Segment Anything checkpoint makes
them where they are missing."""


def add_options(parser: ArgumentParser) -> None:
    add_scene(parser)
    add_training(parser)


def add_training(parser: ArgumentParser) -> None:
    """All options but the scene."""
    defaults = protocol.Train(scene="")
    add_views(parser)
    add_masks(parser)
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
        "--max-views",
        metavar="N",
        type=int,
        default=defaults.max_views,
        help="train on no more than N of the views, spread over the scene, which takes less memory "
        "and time (default: all)",
    )
    parser.add_argument(
        "--recipe",
        choices=("fast", "paper"),
        default=defaults.recipe,
        help="fast: a warm start and few steps (default); "
        "paper: as published, a random start and 10,000 steps",
    )
    parser.add_argument(
        "--steps",
        metavar="N",
        type=int,
        default=defaults.steps,
        help="training steps (default: the recipe's)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=defaults.seed,
        help="the same seed gives the same result",
    )


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    check_inputs(arguments.scene, arguments.views, arguments.masks, arguments.sam_checkpoint)
    trained = engine.handle(request(protocol.Train, arguments), report)
    text = (
        f"Trained {trained.gaussians:,} Gaussians on {trained.masks:,} masks of {trained.views} "
        f"views: {trained.steps:,} steps in {trained.seconds:.0f} s, loss {trained.loss:.4f}.\n"
        f"Saved {trained.model}"
    )
    return text, vars(trained)
