"""From a cloud of Gaussians to the attributes of a point cloud, and back.

Visible attributes hold activated values (linear scale, unit quaternion, opacity),
which artists and Geometry Nodes edit. Beside them lie the raw values of the .ply:
activations do not invert exactly, and untouched Gaussians must come back bit for bit.
"""

import json
from dataclasses import asdict, dataclass, field, replace

import bpy
import numpy as np

from ..backend.errors import BadInput
from ..backend.gaussians.cloud import GaussianCloud
from . import point_cloud
from .point_cloud import read_or
from .splat_object import (
    BASE,
    INDEX,
    LAYOUT,
    RAW_MEAN,
    RAW_OPACITY,
    RAW_QUAT,
    RAW_SCALE,
    ROTATION,
    SCALE,
    SOURCE,
    TOTAL,
    sh_name,
)

_TAKEN = {"position", "radius", "material_index", SCALE, ROTATION}  # names that mean something
_BLOCK = 8192  # Gaussians whose SH are reordered at a time, so that they stay in the CPU's cache
_TOLERANCE = 1e-5  # relative; a visible value closer than this to its raw one was not edited
NO_ORIGIN = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Layout:
    """How the columns of a .ply lie in a point cloud."""

    columns: tuple[tuple[str, str], ...] = ()  # (name, dtype) in file order
    extra: dict[str, str] = field(default_factory=dict)  # column -> point attribute that holds it
    origin: tuple[float, float, float] = NO_ORIGIN  # of the object, among the raw means


def to_point_cloud(cloud: GaussianCloud, name: str, source: str) -> bpy.types.PointCloud:
    """Store a whole scene as a point cloud.

    Args:
        cloud: the finite Gaussians of the scene file, in file order.
        source: absolute path of that file; the engine is asked about it by this name.
    """
    pointcloud = new_splat(cloud, name)
    point_cloud.write(pointcloud, INDEX, "INT", np.arange(len(cloud)))
    pointcloud[SOURCE] = source
    pointcloud[TOTAL] = len(cloud)
    return pointcloud


def new_splat(cloud: GaussianCloud, name: str) -> bpy.types.PointCloud:
    """A point cloud of a cloud that is no scene by itself."""
    pointcloud = point_cloud.new_point_cloud(name, len(cloud))
    try:
        store(pointcloud, cloud)
    except BaseException:
        bpy.data.pointclouds.remove(pointcloud)
        raise
    if "type" in pointcloud.bl_rna.properties:  # Blender 5.3 draws and renders splats itself
        pointcloud.type = "GAUSSIAN_SPLAT"
    return pointcloud


def store(pointcloud: bpy.types.PointCloud, cloud: GaussianCloud) -> None:
    """Set all that a cloud holds on a point cloud of as many points, at its own origin."""
    _write_gaussians(pointcloud, cloud)
    former = read_layout(pointcloud).extra
    extra = {
        column: _write_extra(pointcloud, former.get(column), column, values)
        for column, values in cloud.extra.items()
    }
    point_cloud.remove(pointcloud, RAW_MEAN)
    _write_layout(pointcloud, Layout(cloud.columns, extra))


def _write_gaussians(pointcloud: bpy.types.PointCloud, cloud: GaussianCloud) -> None:
    """Set every attribute that a splat of ours has."""
    float4 = "FLOAT4" if point_cloud.supported("FLOAT4") else "FLOAT_COLOR"
    base = np.empty((len(cloud), 4), np.float32)
    base[:, :3] = cloud.sh[:, 0]
    base[:, 3] = cloud.opacities
    for name, data_type, values in (
        ("position", "FLOAT_VECTOR", cloud.means),
        (SCALE, "FLOAT_VECTOR", cloud.scales),
        (ROTATION, "QUATERNION", cloud.rotations),
        (BASE, float4, base),
        (RAW_SCALE, "FLOAT_VECTOR", cloud.log_scales),
        (RAW_QUAT, "QUATERNION", cloud.quats),
        (RAW_OPACITY, "FLOAT", cloud.opacity_logits),
    ):
        point_cloud.write(pointcloud, name, data_type, values)
    for k, values in enumerate(_coefficients(cloud.sh[:, 1:])):
        point_cloud.write(pointcloud, sh_name(k), "FLOAT_VECTOR", values)


def _coefficients(sh: np.ndarray) -> np.ndarray:
    """SH [N, K, 3] with the values of one coefficient in a run, [K, N, 3].

    Block by block: coefficient by coefficient is three times slower.
    """
    ordered = np.empty((sh.shape[1], len(sh), 3), np.float32)
    for start in range(0, len(sh), _BLOCK):
        block = slice(start, start + _BLOCK)
        ordered[:, block] = sh[block].transpose(1, 0, 2)
    return ordered


def _write_extra(
    pointcloud: bpy.types.PointCloud, former: str | None, column: str, values: np.ndarray
) -> str:
    """Store a further column in a type that keeps every bit; returns the attribute's name."""
    usable = column.isidentifier() and len(column) < 60 and column not in _TAKEN
    name = former or (column if usable else f"saga:column_{len(pointcloud.attributes)}")
    if values.dtype == np.float64:
        bits = np.ascontiguousarray(values).view(np.int32)
        point_cloud.write(pointcloud, name, "INT32_2D", bits)
    elif values.dtype == np.float32:
        point_cloud.write(pointcloud, name, "FLOAT", values)
    else:
        point_cloud.write(pointcloud, name, "INT", values)
    return name


def read_layout(pointcloud: bpy.types.PointCloud) -> Layout:
    """The columns to write; empty for a splat that we did not import."""
    if LAYOUT not in pointcloud:
        return Layout()
    stored = json.loads(pointcloud[LAYOUT])
    columns = tuple(map(tuple, stored["columns"]))
    return Layout(columns, stored["extra"], tuple(stored.get("origin", NO_ORIGIN)))


def _write_layout(pointcloud: bpy.types.PointCloud, layout: Layout) -> None:
    pointcloud[LAYOUT] = json.dumps(asdict(layout))


def set_origin(pointcloud: bpy.types.PointCloud, origin: tuple[float, float, float]) -> None:
    """Have positions count from a point of the raw frame; the raw means stay as they are."""
    layout = read_layout(pointcloud)
    means = read_means(pointcloud, layout)
    point_cloud.write(pointcloud, "position", "FLOAT_VECTOR", _counted_from(means, origin))
    point_cloud.write(pointcloud, RAW_MEAN, "FLOAT_VECTOR", means)
    _write_layout(pointcloud, replace(layout, origin=origin))


def _counted_from(means: np.ndarray, origin: tuple[float, float, float]) -> np.ndarray:
    return (means - np.asarray(origin)).astype(np.float32)


def read_means(pointcloud: bpy.types.PointCloud, layout: Layout) -> np.ndarray:
    """The means in the raw frame: as the .ply has them, where they were not moved since."""
    visible = _read(pointcloud, "position")
    if RAW_MEAN not in pointcloud.attributes and layout.origin == NO_ORIGIN:
        return visible
    moved = (visible + np.asarray(layout.origin)).astype(np.float32)
    raw = read_or(pointcloud, RAW_MEAN, moved)
    return np.where(_counted_from(raw, layout.origin) == visible, raw, moved)


def to_cloud(pointcloud: bpy.types.PointCloud, layout: Layout) -> GaussianCloud:
    """The Gaussians of a point cloud, raw: stored values where untouched, else the edits inverted.

    They are in the raw frame, in which the object's origin is `layout.origin`.

    Args:
        pointcloud: the data of a splat object, as it is or evaluated with its modifiers.
        layout: that of the data as it is; evaluation may lose it.

    Raises:
        BadInput: an attribute that makes it a splat is missing.
    """
    scales, rotations, base = (_read(pointcloud, name) for name in (SCALE, ROTATION, BASE))
    deleted = {c for c, name in layout.extra.items() if name not in pointcloud.attributes}
    columns = tuple((c, dtype) for c, dtype in layout.columns if c not in deleted)
    log_scales = np.log(np.maximum(scales, np.finfo(np.float32).tiny))
    logits = _logit(base[:, 3])
    stored = GaussianCloud(
        read_means(pointcloud, layout),
        read_or(pointcloud, RAW_QUAT, rotations),
        read_or(pointcloud, RAW_SCALE, log_scales),
        read_or(pointcloud, RAW_OPACITY, logits),
        _read_sh(pointcloud, base),
        {
            column: _read_extra(pointcloud, layout.extra[column], np.dtype(dtype))
            for column, dtype in columns
            if column in layout.extra
        },
        columns,
    )
    turned = ~np.isclose(stored.rotations, rotations, _TOLERANCE, _TOLERANCE).all(axis=1)
    return replace(
        stored,
        quats=np.where(turned[:, None], rotations, stored.quats),
        log_scales=_unless_edited(stored.log_scales, stored.scales, scales, log_scales),
        opacity_logits=_unless_edited(stored.opacity_logits, stored.opacities, base[:, 3], logits),
    )


def _unless_edited(
    raw: np.ndarray, activated: np.ndarray, visible: np.ndarray, inverted: np.ndarray
) -> np.ndarray:
    """Raw values where they still activate to what is visible, elsewhere the inverted edit."""
    return np.where(np.isclose(activated, visible, _TOLERANCE, 0), raw, inverted)


def _logit(opacities: np.ndarray) -> np.ndarray:
    """Inverse of the sigmoid, finite also at 0 and 1."""
    p = np.clip(opacities.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p)).astype(np.float32)


def _read(pointcloud: bpy.types.PointCloud, name: str) -> np.ndarray:
    if name not in pointcloud.attributes:
        raise BadInput(
            f'{pointcloud.name} has no attribute "{name}".',
            "Let its Geometry Nodes keep the attributes of the splat.",
        )
    return point_cloud.read(pointcloud.attributes[name])


def _read_sh(pointcloud: bpy.types.PointCloud, base: np.ndarray) -> np.ndarray:
    """All SH coefficients of the highest degree that is complete, [N, K, 3]."""
    count = 0
    while sh_name(count) in pointcloud.attributes:
        count += 1
    count = int(np.sqrt(1 + count)) ** 2
    sh = np.empty((len(base), count, 3), np.float32)
    sh[:, 0] = base[:, :3]
    for k in range(count - 1):
        sh[:, k + 1] = _read(pointcloud, sh_name(k))
    return sh


def _read_extra(pointcloud: bpy.types.PointCloud, name: str, dtype: np.dtype) -> np.ndarray:
    attribute = pointcloud.attributes[name]
    values = point_cloud.read(attribute)
    if attribute.data_type == "INT32_2D" and dtype == np.float64:
        return np.ascontiguousarray(values).view(dtype).reshape(-1)
    return values.astype(dtype)
