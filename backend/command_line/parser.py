"""What can be asked for on the command line."""

import argparse

from .. import __version__
from ..errors import BadInput
from . import batch, decompose, fetch, find, info, render, select, train

ABOUT = """\
Take objects out of a 3D Gaussian splat.

First train a scene (once: minutes), then select in it as often as you like
(seconds). What is learned is kept in the folder SCENE.saga beside SCENE.ply;
the .ply itself is never changed.

  python -m backend fetch mobile_sam
  python -m backend train kitchen.ply --sam-checkpoint mobile_sam.pt
  python -m backend info kitchen.ply
  python -m backend select kitchen.ply --view 0003.jpg --pixel 410 260 -o mug.ply

`fetch` brings what finds the masks that `train` learns from, `info` says what
the views are called."""

COMMANDS = {
    "train": train,
    "select": select,
    "decompose": decompose,
    "find": find,
    "render": render,
    "info": info,
    "fetch": fetch,
    "batch": batch,
}


class Parser(argparse.ArgumentParser):
    """Mistakes in the arguments are input errors like all others."""

    def error(self, message: str) -> None:
        raise BadInput(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def build_parser() -> Parser:
    """The whole command line; what the chosen command does is in `run`."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="python -m backend", description=ABOUT, formatter_class=as_written)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(
            name, help=command.SUMMARY, description=command.ABOUT, formatter_class=as_written
        )
        subparser.set_defaults(run=command.run)
        _add_common_options(subparser)
        command.add_options(subparser)
    return parser


def _add_common_options(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="answer with one JSON object on stdout")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto takes an NVIDIA GPU when there is one",
    )
