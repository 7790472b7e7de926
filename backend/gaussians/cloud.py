"""The Gaussian cloud: one frozen splat scene as arrays."""

from dataclasses import dataclass, field

import numpy as np

from .quaternions import unit_quats

FloatArray = np.ndarray


@dataclass(frozen=True)
class GaussianCloud:
    """3D Gaussians as a 3DGS .ply stores them: raw, before any activation.

    Raw values are what is kept because activated ones do not invert exactly
    (a saturated opacity not at all). All arrays are float32 and finite, in the
    frame of the .ply; they may be strided views of one block, so do not write
    to them.
    """

    means: FloatArray  # [N, 3] scene units
    quats: FloatArray  # [N, 4] wxyz, not necessarily of unit length
    log_scales: FloatArray  # [N, 3] natural log of the standard deviations
    opacity_logits: FloatArray  # [N] before the sigmoid
    sh: FloatArray  # [N, (degree + 1)^2, 3] RGB coefficients, [:, 0] is f_dc
    extra: dict[str, np.ndarray] = field(default_factory=dict)  # other columns, name -> [N];
    # also those of a Gaussian that the file has in more digits (see `columns.file_arrays`)
    columns: tuple[tuple[str, str], ...] = ()  # (name, dtype) of every column in file order

    def __len__(self) -> int:
        return len(self.means)

    @property
    def row_bytes(self) -> int:
        """What a Gaussian takes up in memory."""
        arrays = (self.means, self.quats, self.log_scales, self.opacity_logits, self.sh)
        return sum(a[:1].nbytes for a in (*arrays, *self.extra.values()))

    @property
    def sh_degree(self) -> int:
        return int(np.sqrt(self.sh.shape[1])) - 1

    @property
    def scales(self) -> FloatArray:
        """Standard deviations along the local axes, [N, 3], scene units."""
        return np.exp(self.log_scales)

    @property
    def opacities(self) -> FloatArray:
        """Opacity at the mean, [N], in [0, 1]."""
        with np.errstate(over="ignore"):  # exp(huge) = inf gives the right 0
            return 1.0 / (1.0 + np.exp(-self.opacity_logits))

    @property
    def rotations(self) -> FloatArray:
        """Unit quaternions, [N, 4] wxyz; a zero quaternion means no rotation."""
        return unit_quats(self.quats)

    def subset(self, index: np.ndarray) -> "GaussianCloud":
        """The Gaussians that `index` (boolean [N], integers or a slice) picks, with all columns."""
        return GaussianCloud(
            self.means[index],
            self.quats[index],
            self.log_scales[index],
            self.opacity_logits[index],
            self.sh[index],
            {name: values[index] for name, values in self.extra.items()},
            self.columns,
        )
