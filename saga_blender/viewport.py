"""3D viewports: from a pixel to a ray of the world, and drawing again."""

from collections.abc import Iterator
from dataclasses import dataclass

import bpy
from bpy_extras.view3d_utils import region_2d_to_origin_3d, region_2d_to_vector_3d
from mathutils import Matrix, Quaternion, Vector

from ..backend import protocol
from .placement import scene_to_world

_ORTHOGRAPHIC_DISTANCE = 10.0  # of the stand-in eye of a click, in radii of what is looked at
_FAR = 1000.0  # of that of a whole picture


@dataclass(frozen=True)
class ClickRay:
    """Where a click looks, as seen from an eye."""

    origin: Vector
    direction: Vector  # of unit length
    pixel_angle: float  # radians from one pixel to the next

    def seen_from(self, frame: Matrix) -> "ClickRay":
        """The same ray in the coordinates of an object whose matrix_world is `frame`."""
        to_frame = frame.inverted()
        direction = (to_frame.to_3x3() @ self.direction).normalized()
        return ClickRay(to_frame @ self.origin, direction, self.pixel_angle)

    def in_scene(self, obj) -> protocol.Click:
        """The click as the engine is told of it, in the frame of a splat's scene file."""
        local = self.seen_from(scene_to_world(obj))
        return protocol.Click(
            ray_origin=tuple(local.origin),
            ray_direction=tuple(local.direction),
            pixel_angle=local.pixel_angle,
        )


def click_ray(region, rv3d, pixel: tuple[int, int], centre: Vector, radius: float) -> ClickRay:
    """The ray through the centre of a pixel, in the world frame.

    Args:
        region: of the viewport; rv3d: its RegionView3D.
        pixel: (x, y) from the lower left corner of the region.
        centre, radius: a sphere around what is looked at. An orthographic view has
            no eye, so the ray starts far outside of this sphere.
    """
    here = (pixel[0] + 0.5, pixel[1] + 0.5)
    beside = (here[0] + 1, here[1])
    origin = region_2d_to_origin_3d(region, rv3d, here)
    direction = region_2d_to_vector_3d(region, rv3d, here)
    if rv3d.is_perspective:
        angle = direction.angle(region_2d_to_vector_3d(region, rv3d, beside))
        return ClickRay(origin, direction, angle)
    pixel_width = (region_2d_to_origin_3d(region, rv3d, beside) - origin).length
    distance = _ORTHOGRAPHIC_DISTANCE * radius
    nearest = origin + direction * (centre - origin).dot(direction)
    return ClickRay(nearest - direction * distance, direction, pixel_width / distance)


def ray_at(context, event, obj) -> ClickRay:
    """Where the mouse points at a splat in a viewport, in the world frame."""
    pixel = (event.mouse_region_x, event.mouse_region_y)
    return click_ray(context.region, context.region_data, pixel, *bounding_sphere(obj))


def viewpoint(region, rv3d, frame: Matrix, centre: Vector, radius: float) -> protocol.Eye:
    """The eye of a viewport, and its picture, which is as large as the region.

    Args:
        region, rv3d: of the viewport.
        frame: matrix_world of the object in whose coordinates the eye is wanted.
        centre, radius: a sphere around what is looked at, in the world. An orthographic
            view has no eye, so one is put so far away that the picture is nearly the same.
    """
    across, down = rv3d.window_matrix[0], rv3d.window_matrix[1]
    focal = across[0] * region.width / 2
    middle = ((1 - across[2]) * region.width / 2, (1 + down[2]) * region.height / 2)
    eye = Vector((0, 0, 0))
    if not rv3d.is_perspective:
        distance = _FAR * radius
        depth = (rv3d.view_matrix @ centre).z
        eye = Vector((-across[3] / across[0], -down[3] / down[1], depth + distance))
        focal *= distance
        middle = (region.width / 2, region.height / 2)
    half_turn = Quaternion((0, 1, 0, 0))  # about x: to x right, y down, z forward
    view = rv3d.view_matrix @ frame  # to x right, y up, z backward
    return protocol.Eye(
        position=tuple(view.inverted() @ eye),
        quat=tuple(half_turn @ view.decompose()[1]),
        focal=focal,
        size=(region.width, region.height),
        centre=middle,
    )


def click_through(eye: protocol.Eye, pixel: tuple[float, float]) -> protocol.Click:
    """A click on a place (x, y), from the upper left corner, of an eye's picture."""
    x, y = (place - middle for place, middle in zip(pixel, eye.centre, strict=True))
    direction = Quaternion(eye.quat).inverted() @ Vector((x, y, eye.focal))
    return protocol.Click(
        ray_origin=eye.position,
        ray_direction=tuple(direction.normalized()),
        pixel_angle=1 / eye.focal,
    )


def bounding_sphere(obj) -> tuple[Vector, float]:
    """Centre and radius, in the world frame, of a sphere around an object's bounding box."""
    corners = [obj.matrix_world @ Vector(corner) for corner in obj.bound_box]
    centre = (corners[0] + corners[6]) / 2  # opposite corners
    return centre, (corners[6] - centre).length


def redraw_pages() -> None:
    """Have all that tells how things stand drawn again: viewports with sidebars, preferences."""
    for area in areas("VIEW_3D", "PREFERENCES"):
        area.tag_redraw()


def redraw_pictures() -> None:
    """Have what every 3D viewport shows drawn again, but not the sidebars: much faster."""
    for area in areas("VIEW_3D"):
        for region in area.regions:
            if region.type == "WINDOW":
                region.tag_redraw()


def areas(*editors: str) -> Iterator[bpy.types.Area]:
    """Those of some editors, of every window."""
    for window in bpy.context.window_manager.windows:
        yield from (area for area in window.screen.areas if area.type in editors)
