"""Unfinished training on disk, so that a killed one goes on from where it was."""

import hashlib
import json
import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from torch import Tensor

from ..errors import BadInput
from ..json_text import parse_json
from ..tensors import open_tensors, save_tensors
from .ray_bank import ViewRays
from .recipes import Recipe

INTERVAL_S = 20.0  # between two saves, or more where
COST = 20  # times what the last one took is more: at most a twentieth goes into saving
FORMAT = 2  # of the tensors' names; a training that was left in another starts over


def training_key(fingerprint: str, bank: list[ViewRays], recipe: Recipe, seed: int) -> str:
    """Tells trainings apart: equal keys mean equal Gaussians, views, masks and settings."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([FORMAT, fingerprint, asdict(recipe), seed]).encode())
    for rays in bank:
        digest.update(rays.name.encode())
        for array in (rays.traced.offsets, rays.membership, rays.mask_scales):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class Checkpoint:
    """One file that holds where a training stands; of another training it is ignored."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._due = time.monotonic() + INTERVAL_S
        self.note = ""  # what a person should know of it, as a detail of progress

    def load(self, like: dict[str, Tensor], steps: int) -> tuple[dict[str, Tensor], dict] | None:
        """Tensors and numbers of an unfinished training with this key, None where there is none.

        Args:
            like: tensors of the names, shapes and types that such a training has.
            steps: of the whole training.
        """
        try:
            with open_tensors(self._path) as file:
                metadata = file.metadata() or {}
                if metadata.get("key") != self._key:
                    return None
                tensors = {name: _tensor_like(file.get_tensor(name), like[name]) for name in like}
            return tensors, _checked_numbers(metadata["numbers"], steps)
        except (SafetensorError, OSError, LookupError, ValueError, TypeError, OverflowError):
            return None  # nothing was lost but time: the training starts over

    def is_due(self) -> bool:
        """Whether the last save is long enough ago."""
        return time.monotonic() >= self._due

    def save(self, tensors: dict[str, Tensor], numbers: dict) -> None:
        """Put the state of the training on disk in place of the former one.

        Where it cannot be written the note says so: the training itself needs none of it.
        """
        began, self.note = time.monotonic(), ""
        metadata = {"key": self._key, "numbers": json.dumps(numbers)}
        try:
            save_tensors(self._path, tensors, metadata)
        except BadInput:
            self.note = f"{self._path.name} cannot be written: broken off, this starts over"
        now = time.monotonic()
        self._due = now + max(INTERVAL_S, COST * (now - began))

    def remove(self) -> None:
        """The training is finished."""
        self._path.unlink(missing_ok=True)


def _tensor_like(tensor: Tensor, like: Tensor) -> Tensor:
    """The tensor; raises ValueError where no training of that kind has it."""
    if (tensor.shape, tensor.dtype) != (like.shape, like.dtype) or not tensor.isfinite().all():
        raise ValueError(f"a tensor of {tuple(tensor.shape)}")
    return tensor


def _checked_numbers(text: str, steps: int) -> dict:
    """What a checkpoint says besides its tensors.

    Raises LookupError, ValueError, TypeError or OverflowError where no training of so many steps
    says that.
    """
    numbers = parse_json(text)
    if type(numbers["steps_done"]) is not int or not 0 <= numbers["steps_done"] <= steps:
        raise ValueError(f"{numbers['steps_done']!r:.40} steps")
    if not math.isfinite(numbers["loss"]):
        raise ValueError("a loss that is no number")
    generator = np.random.PCG64()
    generator.state = numbers["rng"]
    increment = generator.state["state"]["inc"]
    if generator.state != numbers["rng"] or increment % 2 == 0:  # even ones may repeat for ever
        raise ValueError("a random generator in no state of its own")
    return numbers
