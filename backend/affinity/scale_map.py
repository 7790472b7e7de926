"""Physical mask scales to the paper's s in [0, 1], and back."""

from dataclasses import dataclass

import numpy as np

_MAX_KNOTS = 1024


@dataclass(frozen=True)
class ScaleMap:
    """A monotone map from physical scale to its quantile among the scene's masks.

    Fitted once and saved with the field, so that a scale means the same thing
    at every query (the reference code refits it at each load).
    """

    physical: np.ndarray  # [Q] float64 strictly increasing, scene units
    unit: np.ndarray  # [Q] float64 increasing, in [0, 1]

    @classmethod
    def fit(cls, mask_scales: np.ndarray) -> "ScaleMap":
        """Quantiles of mask scales [M], M >= 1, positive; equal ones share their mean rank."""
        physical, counts = np.unique(mask_scales, return_counts=True)
        starts = np.cumsum(counts) - counts
        span = max(len(mask_scales) - 1, 1)
        unit = (starts + (counts - 1) / 2) / span
        if len(physical) > _MAX_KNOTS:
            keep = np.linspace(0, len(physical) - 1, _MAX_KNOTS).round().astype(int)
            physical, unit = physical[keep], unit[keep]
        return cls(physical.astype(np.float64), unit)

    def to_unit(self, physical: np.ndarray | float) -> np.ndarray | float:
        """Physical scale(s) in scene units to [0, 1]; beyond the scene's masks it saturates."""
        return np.interp(physical, self.physical, self.unit)

    def to_physical(self, unit: np.ndarray | float) -> np.ndarray | float:
        """Scale(s) in [0, 1] to the size in scene units they stand for."""
        return np.interp(unit, self.unit, self.physical)
