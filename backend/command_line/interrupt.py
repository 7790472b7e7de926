"""Ctrl-C while the engine works."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ..progress import Report


@contextmanager
def interruptible(report: Report) -> Iterator[Report]:
    """Ctrl-C is heard where progress is told, and at once the second time.

    Raised anywhere, it would come out of compiled code as another error, which
    a batch takes for the failure of a scene. The report that it yields raises
    KeyboardInterrupt, as does the end. Who is deaf to Ctrl-C stays so.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield report
        return
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        os.write(2, b"\nStopping after this step. Once more stops at once.\n")

    def tell(stage: str, fraction: float, detail: str = "") -> None:
        if asked:
            raise KeyboardInterrupt
        report(stage, fraction, detail)

    signal.signal(signal.SIGINT, ask)
    try:
        yield tell
        if asked:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
