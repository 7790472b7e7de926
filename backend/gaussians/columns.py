"""What the columns of a 3DGS .ply are called, and in which order they are written."""

import numpy as np

from .cloud import GaussianCloud

MAX_SH_DEGREE = 3

MEANS = ("x", "y", "z")
NORMALS = ("nx", "ny", "nz")
QUATS = ("rot_0", "rot_1", "rot_2", "rot_3")
LOG_SCALES = ("scale_0", "scale_1", "scale_2")
OPACITY = ("opacity",)
BASE_COLOR = ("f_dc_0", "f_dc_1", "f_dc_2")

# What numpy has and PLY lacks, and the type that holds its values (integers up to 2^53).
PLY_TYPES = {"b1": "u1", "i8": "f8", "u8": "f8", "f2": "f4"}


def rest_columns(degree: int) -> tuple[str, ...]:
    """The higher SH coefficients in file order: all of red, then green, then blue."""
    return tuple(f"f_rest_{i}" for i in range(3 * ((degree + 1) ** 2 - 1)))


def gaussian_columns(degree: int) -> tuple[str, ...]:
    """The columns that make up a Gaussian, in the order of `GaussianCloud`'s fields.

    SH goes coefficient by coefficient with red, green and blue side by side,
    as `GaussianCloud.sh` has it, which is not the order of the file.
    """
    rest = np.array(rest_columns(degree), dtype=object).reshape(3, -1).T
    return (*MEANS, *QUATS, *LOG_SCALES, *OPACITY, *BASE_COLOR, *rest.ravel())


def gaussian_arrays(cloud: GaussianCloud) -> dict[str, np.ndarray]:
    """Views of the columns that make up a cloud's Gaussians, name -> float32 [N]."""
    fields = (
        cloud.means,
        cloud.quats,
        cloud.log_scales,
        cloud.opacity_logits[:, None],
        cloud.sh.reshape(len(cloud), 3 * cloud.sh.shape[1]),
    )
    views = [field[:, i] for field in fields for i in range(field.shape[1])]
    return dict(zip(gaussian_columns(cloud.sh_degree), views, strict=True))


def float32_holds(dtype: np.dtype) -> bool:
    """Whether every value of a column's type is a float32 too."""
    return np.can_cast(dtype, np.float32, "safe")


def file_arrays(cloud: GaussianCloud) -> dict[str, np.ndarray]:
    """What goes into the columns of a cloud's file, name -> [N].

    An extra column of a Gaussian's own name holds what the file had in more
    digits than a float32 has; it counts wherever it still rounds to the cloud's value.
    """
    own = gaussian_arrays(cloud)
    exact = {
        name: np.where(_rounded(cloud.extra[name]) == values, cloud.extra[name], values)
        for name, values in own.items()
        if name in cloud.extra
    }
    return own | cloud.extra | exact


def _rounded(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):  # doubles that no float32 can hold
        return values.astype(np.float32)


def ply_type(dtype: np.dtype | str) -> str:
    """The type a column of `dtype` has in a .ply, as numpy writes it ("f4", "u1")."""
    name = np.dtype(dtype).str[1:]
    return PLY_TYPES.get(name, name)


def file_columns(cloud: GaussianCloud) -> dict[str, str]:
    """The columns that a file of this cloud has, name -> type, in file order.

    Those that the cloud came with come first, in their order. What they do not
    name (new extra columns, SH of a higher degree) follows. A cloud that came
    from no file is laid out as the reference trainer writes it.
    """
    rest = rest_columns(cloud.sh_degree)
    reference = (*MEANS, *NORMALS, *BASE_COLOR, *rest, *OPACITY, *LOG_SCALES, *QUATS)
    columns = {name: ply_type(dtype) for name, dtype in cloud.columns}
    columns = columns or dict.fromkeys(reference, "f4")
    leftovers = set(rest_columns(MAX_SH_DEGREE)) - set(rest)
    for name in leftovers:
        columns.pop(name, None)  # of a higher degree, which numbers them differently
    for name in gaussian_columns(cloud.sh_degree):
        columns.setdefault(name, "f4")
    for name, values in cloud.extra.items():
        if name not in leftovers:
            columns.setdefault(name, ply_type(values.dtype))
    return columns
