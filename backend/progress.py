"""How long work tells what it is doing, and is told to stop."""

from typing import Protocol


class Report(Protocol):
    """Called from inside long loops, often: implementations must be cheap.

    Raises `backend.errors.Cancelled` when the person asked to stop, so the
    caller's loop needs no flag of its own.
    """

    def __call__(self, stage: str, fraction: float, detail: str = "") -> None:
        """Say where the work is.

        Args:
            stage: what is being done, in the user's words ("Tracing views").
            fraction: how much of this stage is done, in [0, 1].
            detail: something worth showing beside it ("loss 0.123").
        """


def silent(stage: str, fraction: float, detail: str = "") -> None:
    """A `Report` that nobody listens to."""
