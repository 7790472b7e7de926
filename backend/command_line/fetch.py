"""`fetch`: weights that masks are made with."""

from argparse import ArgumentParser, Namespace

from .. import protocol
from ..engine import Engine
from ..progress import Report
from ..weights.catalog import CATALOG
from .options import request

SUMMARY = "download weights that masks are made with"
ABOUT = """\
Download weights of Segment Anything or MobileSAM, for `train --sam-checkpoint`.

It goes on where it was interrupted; the file is checked by its SHA-256. On a
machine that is offline, bring the file by other means."""


def add_options(parser: ArgumentParser) -> None:
    about = "; ".join(f"{name}, {w.megabytes}: {w.about}" for name, w in CATALOG.items())
    parser.add_argument("weights", choices=CATALOG, help=about)
    parser.add_argument(
        "--folder", metavar="DIR", default=".", help="where to (default: the current folder)"
    )


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    fetched = engine.handle(request(protocol.Fetch, arguments), report)
    return f"Saved {fetched.path}", vars(fetched)
