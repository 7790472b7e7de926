"""A trained affinity field: what a scene can be asked, in one file."""

import dataclasses
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import BadInput
from ..tensors import save_tensors
from .scale_gate import ScaleGate
from .scale_map import ScaleMap

FORMAT = "saga-field-1"
SAMPLE = 65_536


@dataclass(frozen=True)
class Provenance:
    """What a field was trained on, and how."""

    scene: str  # file name of the .ply
    fingerprint: str  # of its Gaussians, see backend.gaussians.fingerprint
    engine_version: str
    recipe: str
    steps: int
    seed: int
    views: int
    masks: int
    loss: float


@dataclass(frozen=True)
class AffinityField:
    """Affinity features, scale gate and scale map of one scene."""

    features: Tensor  # [N, D] float32, smoothed, of unit length
    gate: ScaleGate
    scale_map: ScaleMap

    def __post_init__(self) -> None:
        # Dimension by dimension in memory: what a query reads best (see segmentation.similarity).
        object.__setattr__(self, "features", self.features.T.contiguous().T)

    @cached_property
    def sample(self) -> "AffinityField":
        """Every so many-th Gaussian, about `SAMPLE` at most: enough to say what is typical."""
        step = -(-len(self.features) // SAMPLE)
        return self if step <= 1 else replace(self, features=self.features[::step])

    def gate_at(self, scale: float) -> Tensor:
        """S(s), the gate vector [D] at a scale in [0, 1] (Eq. 3)."""
        with torch.no_grad():
            scales = torch.tensor([scale], dtype=torch.float32, device=self.features.device)
            return self.gate(scales)[0]

    def save(self, path: Path, provenance: Provenance) -> None:
        """Write everything to one safetensors file, atomically; features as float16."""
        tensors = {
            "features": self.features.half().cpu(),
            "gate.weight": self.gate.weight.detach().cpu(),
            "gate.bias": self.gate.bias.detach().cpu(),
            "scale_map.physical": torch.from_numpy(self.scale_map.physical),
            "scale_map.unit": torch.from_numpy(self.scale_map.unit),
        }
        metadata = {"format": FORMAT, "provenance": json.dumps(dataclasses.asdict(provenance))}
        save_tensors(path, tensors, metadata)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> tuple["AffinityField", Provenance]:
        """Read a saved field.

        Raises:
            BadInput: when the file is damaged or of another format.
        """
        try:
            with safe_open(path, "pt", device=device) as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != FORMAT:
                    raise ValueError(f"its format is {metadata.get('format')!r}")
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            provenance = Provenance(**json.loads(metadata["provenance"]))
            return cls._from_tensors(tensors, device), provenance
        except (SafetensorError, ValueError, KeyError, TypeError, OSError) as error:
            raise BadInput(
                f"The trained features in {path} cannot be read: {error}.", "Train the scene again."
            ) from error

    @classmethod
    def _from_tensors(cls, tensors: dict[str, Tensor], device: str) -> "AffinityField":
        features = tensors["features"].T.contiguous().T.float()
        gate = ScaleGate(features.shape[1]).to(device)
        gate.load_state_dict({"weight": tensors["gate.weight"], "bias": tensors["gate.bias"]})
        physical, unit = (
            tensors[f"scale_map.{name}"].cpu().numpy() for name in ("physical", "unit")
        )
        return cls(features, gate, ScaleMap(physical.astype(np.float64), unit))
