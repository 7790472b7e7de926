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

    @classmethod
    def none(cls, gaussians: int) -> "Things":
        """Of a field whose masks agree on nothing, or were never asked."""
        return cls(sp.csc_array((gaussians, 0), dtype=np.uint8), np.zeros(0))

    def __len__(self) -> int:
        return len(self.scales)

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
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], gaussians: int) -> "Things | None":
        """Those in a file, None where there are none.

        Raises ValueError or KeyError when these are not things of so many Gaussians.
        """
        if "things.scales" not in tensors:
            return None
        first, index, belonging, scales = arrays = [
            tensors[f"things.{name}"].cpu().numpy()
            for name in ("first", "gaussians", "belonging", "scales")
        ]
        types = [array.dtype for array in arrays]
        if types != [np.int64, np.int32, np.uint8, np.float64]:
            raise ValueError("things of other types of numbers")
        if not (first.shape == (len(scales) + 1,) and index.shape == belonging.shape == first[-1:]):
            raise ValueError("things of other lengths")
        if first[0] != 0 or (first < 0).any() or (np.diff(first) < 0).any():
            raise ValueError("things that end before they begin")
        if not ((index >= 0) & (index < gaussians)).all():
            raise ValueError("things of other Gaussians")
        if not ((scales >= 0) & (scales <= 1)).all():
            raise ValueError("things of no scale")
        matrix = sp.csc_array((belonging, index, first), shape=(gaussians, len(scales)))
        return cls(matrix, scales)
