"""A trained affinity field: what a scene can be asked, in one file."""

import dataclasses
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from ..errors import BadInput
from ..json_text import parse_json
from ..sampling import strided
from ..tensors import open_tensors, save_tensors
from .scale_gate import ScaleGate
from .scale_map import ScaleMap
from .things import Things

FORMAT = "saga-field-"
VERSION = 1
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
    """Affinity features, scale gate and scale map of one scene, and the things in it."""

    features: Tensor  # [N, D] float32, smoothed, of unit length
    gate: ScaleGate
    scale_map: ScaleMap
    things: Things | None = None  # that the masks agree on; None where nobody asked them

    def __post_init__(self) -> None:
        # Dimension by dimension in memory: what a query reads best (see segmentation.similarity).
        object.__setattr__(self, "features", self.features.T.contiguous().T)

    @cached_property
    def known(self) -> np.ndarray:
        """Indices of the Gaussians that have a feature, in order."""
        return np.flatnonzero(self.features.T.cpu().numpy().any(axis=0))

    @property
    def sampled(self) -> slice:
        """The Gaussians of the sample: every so many-th, `SAMPLE` at most."""
        return strided(len(self.features), SAMPLE)

    @cached_property
    def sample(self) -> "AffinityField":
        """The sampled Gaussians alone: enough to say what is typical."""
        whole = self.sampled.step == 1
        return self if whole else replace(self, features=self.features[self.sampled])

    def gate_at(self, scale: float) -> Tensor:
        """S(s), the gate vector [D] at a scale in [0, 1] (Eq. 3)."""
        with torch.no_grad():
            scales = torch.tensor([scale], dtype=torch.float32, device=self.features.device)
            return self.gate(scales)[0]

    def save(self, path: Path, provenance: Provenance, made_from: str = "") -> None:
        """Write everything to one safetensors file, atomically; features as float16.

        Args:
            path: of the file.
            provenance: for people.
            made_from: tells fields apart: equal ones are made from the same, and equal.

        Raises:
            BadInput: the file cannot be written.
        """
        tensors = {
            "features": self.features.half().cpu(),
            "gate.weight": self.gate.weight.detach().cpu(),
            "gate.bias": self.gate.bias.detach().cpu(),
            "scale_map.physical": torch.from_numpy(self.scale_map.physical),
            "scale_map.unit": torch.from_numpy(self.scale_map.unit),
        }
        if self.things is not None:
            tensors |= self.things.tensors()
        metadata = {
            "format": f"{FORMAT}{VERSION}",
            "provenance": json.dumps(dataclasses.asdict(provenance)),
        }
        if made_from:
            metadata["made_from"] = made_from
        save_tensors(path, tensors, metadata)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> tuple["AffinityField", Provenance]:
        """Read a saved field.

        Raises:
            BadInput: when the file is damaged, another program's or of a newer SAGA.
        """
        try:
            with open_tensors(path, device) as file:
                metadata = file.metadata() or {}
                _require_format(path, metadata.get("format", ""))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            provenance = _provenance(parse_json(metadata["provenance"]))
            return cls._from_tensors(tensors, device), provenance
        except (SafetensorError, ValueError, KeyError, TypeError, OSError) as error:
            raise BadInput(
                f"The trained features in {path} cannot be read: {error}.", "Train the scene again."
            ) from error

    @classmethod
    def _from_tensors(cls, tensors: dict[str, Tensor], device: str) -> "AffinityField":
        """Raises ValueError, KeyError or TypeError when these are not the tensors of a field."""
        features, weight, bias = (
            tensors[name] for name in ("features", "gate.weight", "gate.bias")
        )
        physical, unit = (
            tensors[f"scale_map.{name}"].cpu().numpy() for name in ("physical", "unit")
        )
        count, dim = features.shape
        # Of float16, the least and the largest are found 40 times faster than what is finite.
        known = features.numel() and features.is_floating_point()
        if not (known and all(end.isfinite() for end in features.aminmax())):
            raise ValueError(f"features of {count} Gaussians")
        if not (weight.shape == bias.shape == (dim,) and not (weight + bias).isnan().any()):
            raise ValueError("a gate that does not fit the features")
        if not (len(physical) and physical.shape == unit.shape == (len(unit),)):
            raise ValueError("a scale map of two lengths")
        knots = np.stack([physical, unit])
        if not (np.isfinite(knots).all() and (np.diff(knots) >= 0).all()):
            raise ValueError("a scale map that does not rise")
        gate = ScaleGate(dim).to(device)
        gate.load_state_dict({"weight": weight, "bias": bias})
        features = features.T.contiguous().T.float()
        things = Things.from_tensors(tensors, count)
        return cls(features, gate, ScaleMap(physical.astype(np.float64), unit), things)


def made_from(path: Path) -> str:
    """What the field in a file says that it was made from; "" where there is none that does."""
    try:
        with open_tensors(path) as file:
            return (file.metadata() or {}).get("made_from", "")
    except (SafetensorError, OSError):
        return ""


def _require_format(path: Path, name: str) -> None:
    """Refuse what no version up to ours wrote: ValueError, or BadInput for one that is newer."""
    version = name.removeprefix(FORMAT)
    if not (name.startswith(FORMAT) and version.isascii() and version.isdigit()):
        raise ValueError(f"its format is {name!r:.40}")
    if int(version) > VERSION:
        raise BadInput(
            f"The trained features in {path} are of a newer SAGA (format {version}, "
            f"this one reads up to {VERSION}).",
            "Update the add-on and its engine, or train the scene again.",
        )


def _provenance(said: dict) -> Provenance:
    """What a file says of itself; raises ValueError or TypeError where it is no provenance."""
    provenance = Provenance(**said)
    for field in dataclasses.fields(Provenance):
        if not isinstance(getattr(provenance, field.name), field.type):
            raise TypeError(f"its {field.name} is no {field.type.__name__}")
    if not np.isfinite(provenance.loss):
        raise ValueError(f"its loss is {provenance.loss}")
    return provenance
