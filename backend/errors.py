"""Errors that reach a person: what happened, in their words, and what to do.

Standard library only, because both sides of the process boundary raise them.
Anything that is not a `SagaError` is a defect of ours and is reported as one.
"""

import math
import re
import sys


class SagaError(Exception):
    """Base of all expected failures.

    Args:
        message: one sentence that says what happened.
        advice: one sentence that says what to do about it.
        offer: settings with which it would go, name -> value.
    """

    code = "error"

    def __init__(self, message: str, advice: str = "", offer: dict | None = None) -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice
        self.offer = offer or {}


class BadInput(SagaError):
    """A file or a value that was given cannot be used."""

    code = "bad_input"


class NotTrained(SagaError):
    """The scene has no trained affinity features yet."""

    code = "not_trained"


class MissingSoftware(SagaError):
    """The engine's environment lacks a package, a device or model weights."""

    code = "missing_software"


class NotEnoughMemory(SagaError):
    """The memory of the machine, or of its GPU, will not do or did not."""

    code = "not_enough_memory"


class Cancelled(SagaError):
    """The person asked to stop."""

    code = "cancelled"

    def __init__(self, message: str = "Cancelled.", advice: str = "") -> None:
        super().__init__(message, advice)


class EngineFailure(SagaError):
    """The engine stopped, hung, or broke in a way nobody planned for."""

    code = "engine_failure"


def missing_package(error: ModuleNotFoundError) -> MissingSoftware:
    """A failed import, in words that help."""
    return MissingSoftware(
        f"The engine's Python has no {error.name}.",
        f"Install the engine's requirements into {sys.executable}, or choose another Python.",
    )


def lacks_memory(said: str) -> bool:
    """Whether what a library said at its end is that memory ran out: PyTorch, C, C++, CUDA."""
    return (
        re.search("out of memory|allocate memory|bad_alloc|MemoryError|new thread", said)
        is not None
    )


def not_enough_memory() -> NotEnoughMemory:
    """Memory ran out at work, in words that help."""
    return NotEnoughMemory(
        "There is not enough memory for this.",
        "Close other programs, train on fewer views, or choose the CPU in the preferences.",
    )


def explained(error: Exception) -> SagaError:
    """What broke, in words that help; what is in such words already stays as it is."""
    if isinstance(error, SagaError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error)
    if isinstance(error, MemoryError) or lacks_memory(str(error)):
        return not_enough_memory()
    return EngineFailure(
        f"The engine met an error it did not expect: {type(error).__name__}: {error}",
        "Please report it, with the engine's log or with what was printed above.",
    )


def require_within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a setting that lies outside its range (or is NaN).

    Raises:
        BadInput: it does.
    """
    if not low <= value <= high:
        bounds = f"between {low:g} and {high:g}" if high < math.inf else f"at {low:g} or above"
        raise BadInput(f"The {name} is {value:g}.", f"It must lie {bounds}.")
