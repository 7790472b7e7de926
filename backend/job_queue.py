"""The requests that wait for the engine, and the one it works on."""

import threading

from .job import Job


class JobQueue:
    """Jobs in the order of arrival, one at a time; each may be cancelled by its id."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards all below
        self._waiting: dict[int, Job] = {}
        self._running: Job | None = None
        self._ended = False

    def put(self, job: Job) -> bool:
        """Let a job wait; False where one of its id waits or runs already."""
        with self._changed:
            if job.id in self._waiting or self._runs(job.id):
                return False
            self._waiting[job.id] = job
            self._changed.notify()
        return True

    def take(self) -> Job | None:
        """Wait for the next job, once the last is done; None when the queue has ended."""
        with self._changed:
            self._running = None
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if self._ended:
                return None
            self._running = self._waiting.pop(next(iter(self._waiting)))
            return self._running

    def cancel(self, id: int) -> bool:
        """Stop a job; True where it only waited. One that is not there has been answered."""
        with self._changed:
            if self._runs(id):
                self._running.cancelled.set()
            return self._waiting.pop(id, None) is not None

    def end(self) -> None:
        """Stop the running job and give out no other."""
        with self._changed:
            self._ended = True
            if self._running is not None:
                self._running.cancelled.set()
            self._changed.notify()

    def _runs(self, id: int) -> bool:
        return self._running is not None and self._running.id == id
