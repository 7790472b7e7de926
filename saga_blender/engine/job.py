"""What the engine was asked for, and what is told of its answer."""

from collections.abc import Callable
from dataclasses import dataclass

from ...backend import protocol
from ..translations import said

OnAnswer = Callable[[protocol.Reply], str]  # acts on an answer; returns what to tell the person


class Unchanged(str):
    """What is told of an answer that has changed nothing: there is nothing to undo."""


@dataclass
class Job:
    """A request that the engine is working on, or whose answer has yet to be acted upon."""

    request: type[protocol.Work]
    label: str
    undoable: bool = False  # what its answer changes
    id: int = 0
    progress: protocol.Progress | None = None
    act: Callable[[], str] | None = None  # once it is answered

    @property
    def fraction(self) -> float:
        return self.progress.fraction if self.progress else 0.0

    @property
    def text(self) -> str:
        """The stage, and how long it still takes where that can be told."""
        if self.act is not None:
            return said("Done: switch to Object Mode to see it")
        if self.progress is None:
            return f"{said(self.label)} ..."
        stage, eta = said(self.progress.stage), self.progress.eta_s
        if eta < 0:
            return stage
        left = f"{eta:.0f} s" if eta < 100 else f"{eta / 60:.0f} min"
        return said("{stage}, {time} left", stage=stage, time=left)
