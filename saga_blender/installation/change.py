"""Changing the engine's environment, in a thread while Blender goes on."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from ...backend.errors import EngineFailure, SagaError
from .environment import Environment


class Change(ABC):
    """One run. Read its attributes from any thread; cancel it from any."""

    label = ""  # what it is doing
    fraction = 0.0  # of it that is done

    def __init__(self, environment: Environment, await_unused: Callable[[], None]) -> None:
        """
        Args:
            environment: what is to be changed.
            await_unused: returns when nobody uses the environment: Windows deletes no file in use.
        """
        self.environment = environment
        self.outcome: str | SagaError | None = None  # a sentence or an error, when it is over
        self.thread = threading.Thread(target=self._carry_out, name="engine change", daemon=True)
        self._await_unused = await_unused
        self._cancelled = threading.Event()

    def start(self) -> None:
        self.thread.start()

    def cancel(self) -> None:
        """Stop soon, if it can be."""
        self._cancelled.set()

    def wait(self) -> str:
        """Wait for the end; returns the sentence, raises the error."""
        self.thread.join()
        if isinstance(self.outcome, SagaError):
            raise self.outcome
        return self.outcome

    def _carry_out(self) -> None:
        try:
            self._await_unused()
            self.outcome = self._work()
        except SagaError as error:
            self.outcome = error
        except Exception as error:  # without an outcome nothing else would ever be let begin
            self.outcome = EngineFailure(
                f"The engine could not be changed: {error}.",
                f"Look into {self.environment.folder}.",
            )

    @abstractmethod
    def _work(self) -> str:
        """Do it; the sentence that tells of it. Raises SagaError."""


class Removal(Change):
    """Deletes the environment from the disk, to the end: what is half gone is of no use."""

    label = "Removing"

    def _work(self) -> str:
        self.environment.remove()
        return "The engine was removed."
