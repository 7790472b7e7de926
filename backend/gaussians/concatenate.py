"""Several clouds as one."""

from collections.abc import Sequence

import numpy as np

from .cloud import GaussianCloud
from .columns import file_arrays, file_columns, float32_holds, gaussian_columns, ply_type


def concatenate(clouds: Sequence[GaussianCloud]) -> GaussianCloud:
    """Put clouds behind one another, in the order given (at least one).

    The result has the highest SH degree (coefficients that a cloud lacks are
    0) and the columns of all: those of the first cloud in their order, then
    what the others add. An extra column that a cloud lacks is 0 there; where
    clouds differ about its type, it gets one that holds the values of all.
    """
    if len(clouds) == 1:
        return clouds[0]
    coefficients = max(cloud.sh.shape[1] for cloud in clouds)
    degree = max(cloud.sh_degree for cloud in clouds)
    columns: dict[str, str] = {}
    for cloud in clouds:
        for name, dtype in file_columns(cloud).items():
            columns[name] = ply_type(np.result_type(columns.get(name, dtype), dtype))
    own = set(gaussian_columns(degree))
    extra = {n: t for n, t in columns.items() if n not in own or not float32_holds(np.dtype(t))}
    arrays = [file_arrays(cloud) for cloud in clouds]
    return GaussianCloud(
        means=np.concatenate([cloud.means for cloud in clouds]),
        quats=np.concatenate([cloud.quats for cloud in clouds]),
        log_scales=np.concatenate([cloud.log_scales for cloud in clouds]),
        opacity_logits=np.concatenate([cloud.opacity_logits for cloud in clouds]),
        sh=np.concatenate([_padded(cloud.sh, coefficients) for cloud in clouds]),
        extra={name: _joined(clouds, arrays, name, dtype) for name, dtype in extra.items()},
        columns=tuple(columns.items()),
    )


def _padded(sh: np.ndarray, coefficients: int) -> np.ndarray:
    return np.pad(sh, ((0, 0), (0, coefficients - sh.shape[1]), (0, 0)))


def _joined(
    clouds: Sequence[GaussianCloud], arrays: Sequence[dict[str, np.ndarray]], name: str, dtype: str
) -> np.ndarray:
    """One column of all clouds; 0 for those that lack it."""
    absent = np.zeros(1, dtype)
    parts = [
        array.get(name, np.broadcast_to(absent, len(cloud)))
        for cloud, array in zip(clouds, arrays, strict=True)
    ]
    return np.concatenate(parts, dtype=dtype, casting="unsafe")
