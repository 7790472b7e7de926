"""A request that the server works on, and how it tells where that is."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from . import protocol
from .errors import Cancelled

PROGRESS_INTERVAL_S = 0.1


@dataclass(frozen=True)
class Job:
    """A request under way."""

    id: int
    request: protocol.Work | protocol.Copying
    cancelled: threading.Event = field(default_factory=threading.Event)


class ProgressReport:
    """A `Report` that sends Progress: ten a second, and a stage's first and last for sure."""

    def __init__(self, job: Job, send: Callable[[int, protocol.Message], None]) -> None:
        self._job = job
        self._send = send
        self._stage: str | None = None
        self._stage_began = self._sent = 0.0
        self._first_fraction = 0.0
        self._unsent: tuple[float, str] | None = None

    def __call__(self, stage: str, fraction: float, detail: str = "") -> None:
        if self._job.cancelled.is_set():
            raise Cancelled()
        now = time.monotonic()
        if stage != self._stage:
            self.flush()
            self._stage, self._stage_began, self._first_fraction = stage, now, fraction
            self._sent = -PROGRESS_INTERVAL_S
        self._unsent = (fraction, detail)
        if now - self._sent >= PROGRESS_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Send what was held back."""
        if self._unsent is None:
            return
        (fraction, detail), self._unsent = self._unsent, None
        self._sent = time.monotonic()
        progress = protocol.Progress(
            stage=self._stage,
            fraction=min(max(fraction, 0.0), 1.0),
            eta_s=self._eta(fraction),
            memory_mb=psutil.Process().memory_info().rss / 2**20,
            detail=detail,
        )
        self._send(self._job.id, progress)

    def _eta(self, fraction: float) -> float:
        done = fraction - self._first_fraction  # a resumed stage does not begin at 0
        if done <= 0:
            return -1.0
        return max(1.0 - fraction, 0.0) * (time.monotonic() - self._stage_began) / done
