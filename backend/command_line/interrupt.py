"""Ctrl-C while the engine works."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ..progress import Report


@contextmanager
def interruptible(report: Report) -> Iterator[Report]:
    """Ctrl-C is heard where progress is told, and at once the second time.

    Raised anywhere, it would come out of compiled code as another error, which
    a batch takes for the failure of a scene. The report that it yields raises
    KeyboardInterrupt.
    """
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def tell(stage: str, fraction: float, detail: str = "") -> None:
        if asked:
            raise KeyboardInterrupt
        report(stage, fraction, detail)

    former = signal.signal(signal.SIGINT, ask)
    try:
        yield tell
    finally:
        signal.signal(signal.SIGINT, former)
