"""Fetch: weights of others' models, into a folder."""

from pathlib import Path

from ..engine import Engine
from ..errors import BadInput
from ..progress import Report
from ..protocol import Fetch, Fetched
from ..weights.catalog import CATALOG
from ..weights.download import fetch


def answer(_engine: Engine, message: Fetch, report: Report) -> Fetched:
    """Fetch a file of weights, unless it is there already."""
    weights = CATALOG.get(message.weights)
    if weights is None:
        raise BadInput(
            f"There are no weights called {message.weights!r} to fetch.",
            f"Choose one of {', '.join(CATALOG)}.",
        )
    path = fetch(weights, Path(message.folder).expanduser().absolute(), report)
    return Fetched(str(path))
