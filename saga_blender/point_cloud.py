"""Blender point clouds as arrays: create, read, write and cut, with every type of attribute."""

from collections.abc import Sequence
from typing import NamedTuple

import bpy
import numpy as np


class _Element(NamedTuple):
    """How one element of an attribute is read: the property, its dtype, its numbers per point."""

    value: str
    dtype: type
    width: int


_ELEMENTS = {
    "FLOAT": _Element("value", np.float32, 1),
    "FLOAT2": _Element("vector", np.float32, 2),
    "FLOAT_VECTOR": _Element("vector", np.float32, 3),
    "FLOAT4": _Element("vector", np.float32, 4),
    "FLOAT_COLOR": _Element("color", np.float32, 4),
    "BYTE_COLOR": _Element("color", np.float32, 4),
    "QUATERNION": _Element("value", np.float32, 4),
    "FLOAT4X4": _Element("value", np.float32, 16),
    "BOOLEAN": _Element("value", np.bool_, 1),
    "INT8": _Element("value", np.int8, 1),
    "INT": _Element("value", np.int32, 1),
    "INT16_2D": _Element("value", np.int16, 2),
    "INT32_2D": _Element("value", np.int32, 2),
}


def new_point_cloud(name: str, count: int) -> bpy.types.PointCloud:
    """A point cloud datablock of `count` points and no attribute but `position`."""
    if "resize" in bpy.types.PointCloud.bl_rna.functions:  # Blender 5.1 and later
        pointcloud = bpy.data.pointclouds.new(name)
        pointcloud.resize(count)
        return pointcloud
    return _converted_point_cloud(name, count)


def _converted_point_cloud(name: str, count: int) -> bpy.types.PointCloud:
    """The only way of Blender 4.5 and 5.0: convert a mesh of loose vertices."""
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(count)
    helper = bpy.data.objects.new(name, mesh)
    try:
        bpy.context.scene.collection.objects.link(helper)
        chosen = {"selected_objects": [helper], "selected_editable_objects": [helper]}
        with bpy.context.temp_override(object=helper, active_object=helper, **chosen):
            bpy.ops.object.convert(target="POINTCLOUD")
        pointcloud = helper.data
    finally:
        bpy.data.objects.remove(helper)
        bpy.data.meshes.remove(mesh)
    for leftover in [a.name for a in pointcloud.attributes if not a.is_required]:
        pointcloud.attributes.remove(pointcloud.attributes[leftover])
    return pointcloud


def supported(data_type: str) -> bool:
    """Whether this Blender has attributes of that type."""
    return data_type in bpy.types.Attribute.bl_rna.properties["data_type"].enum_items


def read(attribute: bpy.types.Attribute) -> np.ndarray:
    """The values of an attribute: [N] or [N, width], object dtype (bytes) for strings."""
    if attribute.data_type == "STRING":
        return np.array([element.value for element in attribute.data], object)
    element = _ELEMENTS[attribute.data_type]
    values = np.empty(len(attribute.data) * element.width, element.dtype)
    attribute.data.foreach_get(element.value, values)
    return values if element.width == 1 else values.reshape(-1, element.width)


def read_or(pointcloud: bpy.types.PointCloud, name: str, default: np.ndarray) -> np.ndarray:
    """The values of a point attribute, or the default where there is none of that name."""
    attribute = pointcloud.attributes.get(name)
    return default if attribute is None else read(attribute)


def remove(pointcloud: bpy.types.PointCloud, name: str) -> None:
    """Have no point attribute of that name."""
    attribute = pointcloud.attributes.get(name)
    if attribute is not None:
        pointcloud.attributes.remove(attribute)


def write(pointcloud: bpy.types.PointCloud, name: str, data_type: str, values: np.ndarray) -> None:
    """Set the point attribute `name`, replacing one of another type.

    Args:
        values: [N] or [N, width] of any dtype that casts to the attribute's.
    """
    attribute = pointcloud.attributes.get(name)
    if attribute is not None and attribute.data_type != data_type:
        remove(pointcloud, name)
        attribute = None
    if attribute is None:
        attribute = pointcloud.attributes.new(name, data_type, "POINT")
    if data_type == "STRING":
        for target, value in zip(attribute.data, values, strict=True):
            target.value = value
        return
    element = _ELEMENTS[data_type]
    # foreach_set is 60 times slower for any other dtype or layout.
    attribute.data.foreach_set(
        element.value, np.ascontiguousarray(values, element.dtype).reshape(-1)
    )


def subset(pointcloud: bpy.types.PointCloud, keep: np.ndarray) -> bpy.types.PointCloud:
    """A new point cloud of the points where `keep` (boolean [N]) holds, with all that they have."""
    return gather([pointcloud], np.flatnonzero(keep))


def gather(parts: Sequence[bpy.types.PointCloud], order: np.ndarray) -> bpy.types.PointCloud:
    """A new point cloud of points of others.

    Attributes of every type and materials of all come along; name and custom
    properties are those of the first. What a part lacks is 0 or "" there. What two
    have under one name must be of as many numbers; else only that of the first stays.

    Args:
        order: int [M], which points to take of all those of the parts behind one another.
    """
    first = parts[0]
    whole = new_point_cloud(first.name, len(order))
    try:
        for attribute in {a.name: a for part in reversed(parts) for a in part.attributes}.values():
            values = [_values(part, attribute) for part in parts]
            write(whole, attribute.name, attribute.data_type, np.concatenate(values)[order])
    except BaseException:
        bpy.data.pointclouds.remove(whole)
        raise
    materials = [material for part in parts[1:] for material in part.materials]
    for material in [*first.materials, *dict.fromkeys(materials)]:
        if len(whole.materials) < len(first.materials) or material not in whole.materials[:]:
            whole.materials.append(material)
    for key, value in first.items():
        if key not in first.bl_rna.properties:  # before Blender 5 those of add-ons stand there too
            whole[key] = value
    if "type" in whole.bl_rna.properties:  # points or splats, since Blender 5.3
        whole.type = first.type
    return whole


def _values(pointcloud: bpy.types.PointCloud, like: bpy.types.Attribute) -> np.ndarray:
    """The values of an attribute as another point cloud has it."""
    own = pointcloud.attributes.get(like.name)
    if like.data_type == "STRING":
        fits = own is not None and own.data_type == "STRING"
        return read(own) if fits else np.full(len(pointcloud.points), b"", object)
    width = _ELEMENTS[like.data_type].width
    if own is not None and own.data_type != "STRING" and _ELEMENTS[own.data_type].width == width:
        return read(own)
    shape = (len(pointcloud.points), width) if width > 1 else len(pointcloud.points)
    return np.zeros(shape, _ELEMENTS[like.data_type].dtype)


def replace(obj: bpy.types.Object, pointcloud: bpy.types.PointCloud) -> None:
    """Show other data, of the same name, in an object."""
    former, name = obj.data, obj.data.name
    obj.data = pointcloud
    drop(former)
    pointcloud.name = name


def drop(pointcloud: bpy.types.PointCloud) -> None:
    """Free data, unless an object (a linked duplicate) still shows it."""
    if not pointcloud.users:
        bpy.data.pointclouds.remove(pointcloud)
