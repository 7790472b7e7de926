"""What the masks of several views agree on: sets of Gaussians, kept with the trained field."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

SURELY = 255  # a belonging of 1


@dataclass(frozen=True)
class Things:
    """T things of a scene of N Gaussians: parts, wholes and groups alike."""

    belonging: sp.csc_array  # [N, T] uint8, how surely each Gaussian belongs, in 255ths
    scales: np.ndarray  # [T] float64 in [0, 1], the mean of its masks'
    agreement: np.ndarray  # [T] float64 in [0, 1]: mean IoU with the best masks of the views

    @classmethod
    def none(cls, gaussians: int) -> "Things":
        """Of a field whose masks agree on nothing, or were never asked."""
        return cls(sp.csc_array((gaussians, 0), dtype=np.uint8), np.zeros(0), np.zeros(0))

    def __len__(self) -> int:
        return len(self.scales)

    def only(self, kept: np.ndarray) -> "Things":
        """Some of them, by their indices."""
        return Things(self.belonging[:, kept], self.scales[kept], self.agreement[kept])

    def members(self, thing: int) -> tuple[np.ndarray, np.ndarray]:
        """The Gaussians that belong to a thing, [M] indices, and how surely, uint8 [M]."""
        some = slice(*self.belonging.indptr[thing : thing + 2])
        return self.belonging.indices[some], self.belonging.data[some]

    def selected(self, threshold: float) -> sp.csc_array:
        """Which Gaussians belong more surely than a threshold, boolean [N, T]."""
        selected = self.belonging.copy()
        selected.data = selected.data > threshold * SURELY
        selected.eliminate_zeros()
        return selected

    def tensors(self) -> dict[str, Tensor]:
        """Everything, for a file."""
        arrays = {
            "things.first": self.belonging.indptr.astype(np.int64),
            "things.gaussians": self.belonging.indices.astype(np.int32),
            "things.belonging": self.belonging.data,
            "things.scales": self.scales,
            "things.agreement": self.agreement,
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], gaussians: int) -> "Things | None":
        """Those in a file, None where there are none; agreed on in full where it does not say.

        Raises ValueError or KeyError when these are not things of so many Gaussians.
        """
        if "things.scales" not in tensors:
            return None
        agreed = {"things.agreement": torch.ones_like(tensors["things.scales"])} | tensors
        first, index, belonging, scales, agreement = arrays = [
            agreed[f"things.{name}"].cpu().numpy()
            for name in ("first", "gaussians", "belonging", "scales", "agreement")
        ]
        types = [array.dtype for array in arrays]
        if types != [np.int64, np.int32, np.uint8, np.float64, np.float64]:
            raise ValueError("things of other types of numbers")
        if not (first.shape == (len(scales) + 1,) and index.shape == belonging.shape == first[-1:]):
            raise ValueError("things of other lengths")
        if agreement.shape != scales.shape:
            raise ValueError("things that nobody was asked about")
        if first[0] != 0 or (first < 0).any() or (np.diff(first) < 0).any():
            raise ValueError("things that end before they begin")
        if not ((index >= 0) & (index < gaussians)).all():
            raise ValueError("things of other Gaussians")
        shares = np.stack([scales, agreement])
        if not ((shares >= 0) & (shares <= 1)).all():
            raise ValueError("things of no scale, or that nobody agreed on")
        matrix = sp.csc_array((belonging, index, first), shape=(gaussians, len(scales)))
        return cls(matrix, scales, agreement)
