"""A Gaussian splat as a Blender object: a PointCloud whose attributes are those of Blender 5.3.

Visible attributes hold activated values (linear scale, unit quaternion, opacity),
which artists and Geometry Nodes edit. Beside them lie the raw values of the .ply:
activations do not invert exactly, and untouched Gaussians must come back bit for bit.
"""

import json
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ..backend.errors import BadInput
from ..backend.gaussians.cloud import GaussianCloud
from . import point_cloud

SCALE, ROTATION, BASE = "scale", "rotation", "radiance:base"
RAW_SCALE, RAW_QUAT, RAW_OPACITY = "saga:log_scale", "saga:quat", "saga:opacity_logit"
INDEX, SELECTION, CLUSTER = "saga:index", "saga:selection", "saga:cluster"
SOURCE, TOTAL, LAYOUT = "saga_source", "saga_total", "saga_layout"  # custom properties of the data

_TAKEN = {"position", "radius", "material_index", SCALE, ROTATION}  # names that mean something
_BLOCK = 8192  # Gaussians whose SH are reordered at a time, so that they stay in the CPU's cache
_TOLERANCE = 1e-5  # relative; a visible value closer than this to its raw one was not edited


@dataclass(frozen=True)
class Layout:
    """The columns of the .ply that a point cloud came from."""

    columns: tuple[tuple[str, str], ...]  # (name, dtype) in file order
    extra: dict[str, str]  # column that is not the splat's own -> point attribute that holds it


def sh_name(k: int) -> str:
    """Attribute of the k-th SH coefficient above degree 0."""
    return f"radiance:sh_{k}"


def is_splat(obj: bpy.types.Object | None) -> bool:
    """Whether an object holds Gaussians (ours, or native ones of Blender 5.3)."""
    return (
        obj is not None
        and obj.type == "POINTCLOUD"
        and all(name in obj.data.attributes for name in (SCALE, ROTATION, BASE))
    )


def to_point_cloud(cloud: GaussianCloud, name: str, source: str) -> bpy.types.PointCloud:
    """Store a whole scene as a point cloud.

    Args:
        cloud: the finite Gaussians of the scene file, in file order.
        source: absolute path of that file; the engine is asked about it by this name.
    """
    pointcloud = point_cloud.new_point_cloud(name, len(cloud))
    try:
        _write_gaussians(pointcloud, cloud)
        extra = {
            column: _write_extra(pointcloud, column, values)
            for column, values in cloud.extra.items()
        }
    except BaseException:
        bpy.data.pointclouds.remove(pointcloud)
        raise
    pointcloud[SOURCE] = source
    pointcloud[TOTAL] = len(cloud)
    pointcloud[LAYOUT] = json.dumps({"columns": cloud.columns, "extra": extra})
    if "type" in pointcloud.bl_rna.properties:  # Blender 5.3 draws and renders splats itself
        pointcloud.type = "GAUSSIAN_SPLAT"
    return pointcloud


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
        (INDEX, "INT", np.arange(len(cloud))),
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


def _write_extra(pointcloud: bpy.types.PointCloud, column: str, values: np.ndarray) -> str:
    """Store a further column in a type that keeps every bit; returns the attribute's name."""
    usable = column.isidentifier() and len(column) < 60 and column not in _TAKEN
    name = column if usable else f"saga:column_{len(pointcloud.attributes)}"
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
    stored = json.loads(pointcloud.get(LAYOUT, '{"columns": [], "extra": {}}'))
    return Layout(tuple(map(tuple, stored["columns"])), stored["extra"])


def to_cloud(pointcloud: bpy.types.PointCloud, layout: Layout) -> GaussianCloud:
    """The Gaussians of a point cloud, raw: stored values where untouched, else the edits inverted.

    Args:
        pointcloud: the data of a splat object, as it is or evaluated with its modifiers.
        layout: that of the data as it is; evaluation may lose it.

    Raises:
        BadInput: an attribute that makes it a splat is missing.
    """
    means, scales, rotations, base = (
        _read(pointcloud, name) for name in ("position", SCALE, ROTATION, BASE)
    )
    deleted = {c for c, name in layout.extra.items() if name not in pointcloud.attributes}
    columns = tuple((c, dtype) for c, dtype in layout.columns if c not in deleted)
    log_scales = np.log(np.maximum(scales, np.finfo(np.float32).tiny))
    logits = _logit(base[:, 3])
    stored = GaussianCloud(
        means,
        _read(pointcloud, RAW_QUAT, rotations),
        _read(pointcloud, RAW_SCALE, log_scales),
        _read(pointcloud, RAW_OPACITY, logits),
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


def _read(
    pointcloud: bpy.types.PointCloud, name: str, default: np.ndarray | None = None
) -> np.ndarray:
    attribute = pointcloud.attributes.get(name)
    if attribute is not None:
        return point_cloud.read(attribute)
    if default is None:
        raise BadInput(
            f'{pointcloud.name} has no attribute "{name}".',
            "Let its Geometry Nodes keep the attributes of the splat.",
        )
    return default


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


def scene_index(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which Gaussian of the scene file each point is, int32 [N]."""
    return _read(pointcloud, INDEX)


def remaining(pointcloud: bpy.types.PointCloud) -> np.ndarray | None:
    """The Gaussians of the scene file that are still there, int32 [N]; None where all are."""
    whole = len(pointcloud.points) == pointcloud[TOTAL]
    return None if whole else scene_index(pointcloud)


def selection(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which points are selected, boolean [N]."""
    return _read(pointcloud, SELECTION, np.zeros(len(pointcloud.points), bool))


def set_selection(pointcloud: bpy.types.PointCloud, selected: np.ndarray) -> None:
    """Select the points where `selected` (boolean [N]) holds, and no others."""
    point_cloud.write(pointcloud, SELECTION, "BOOLEAN", selected)
    pointcloud.update_tag()


def clusters(pointcloud: bpy.types.PointCloud) -> np.ndarray:
    """Which cluster each point belongs to, int32 [N]; -1 for none."""
    return _read(pointcloud, CLUSTER, np.full(len(pointcloud.points), -1, np.int32))


def set_clusters(pointcloud: bpy.types.PointCloud, labels: np.ndarray) -> None:
    """Set the cluster of each point (int [N], -1 for none)."""
    point_cloud.write(pointcloud, CLUSTER, "INT", labels)
    pointcloud.update_tag()
