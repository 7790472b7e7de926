"""What is done when a GPU's memory runs out at work: less at once, and then the CPU."""

from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")


class Fallback:
    """Starts work over that found a GPU's memory full: in ever smaller chunks, then on the CPU."""

    def __init__(self, to_cpu: Callable[[], None], chunk: int = 1) -> None:
        """
        Args:
            to_cpu: moves what the work uses to the CPU.
            chunk: how much is done at once at first; it halves down to 1.
        """
        self._to_cpu = to_cpu
        self._on_cpu = False
        self.chunk = chunk
        self.note = ""  # what a person should know of it, as a detail of progress

    def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; it looks up `chunk` itself and may be begun several times."""
        while True:
            try:
                return work()
            except torch.OutOfMemoryError:
                if self._on_cpu:
                    raise
            self._give_way()  # only here: the exception kept alive what had filled the memory

    def _give_way(self) -> None:
        torch.cuda.empty_cache()
        if self.chunk > 1:
            self.chunk //= 2
            self.note = f"the GPU's memory is full, so {self.chunk} at once"
        else:
            self._on_cpu = True
            self._to_cpu()
            self.note = "the GPU's memory is full, so on the CPU"
