"""`info`: what a scene holds."""

from argparse import ArgumentParser, Namespace

from .. import protocol
from ..engine import Engine
from ..progress import Report
from .options import add_scene, request

SUMMARY = "say what a scene holds"
ABOUT = "Say what a scene holds, whether it has been trained, and what its views are called."


def add_options(parser: ArgumentParser) -> None:
    add_scene(parser)


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    described = engine.handle(request(protocol.Info, arguments), report)
    return described.text, described.facts
