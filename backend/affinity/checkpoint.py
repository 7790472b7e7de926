"""Unfinished training on disk, so that a killed one goes on from where it was."""

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..tensors import save_tensors
from .ray_bank import ViewRays
from .recipes import Recipe

INTERVAL_S = 20.0
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
        self._saved_at = time.monotonic()

    def load(self) -> tuple[dict[str, Tensor], dict] | None:
        """Tensors and numbers of an unfinished training with this key, None where there is none."""
        try:
            with safe_open(self._path, "pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("key") != self._key:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return tensors, json.loads(metadata["numbers"])
        except (SafetensorError, OSError, KeyError, ValueError):
            return None  # nothing was lost but time: the training starts over

    def is_due(self) -> bool:
        """Whether the last save is long enough ago."""
        return time.monotonic() - self._saved_at >= INTERVAL_S

    def save(self, tensors: dict[str, Tensor], numbers: dict) -> None:
        """Put the state of the training on disk in place of the former one.

        Raises:
            BadInput: when it cannot be written.
        """
        metadata = {"key": self._key, "numbers": json.dumps(numbers)}
        save_tensors(self._path, tensors, metadata)
        self._saved_at = time.monotonic()

    def remove(self) -> None:
        """The training is finished."""
        self._path.unlink(missing_ok=True)
