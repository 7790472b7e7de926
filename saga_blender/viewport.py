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
_AHEAD = 1e-6  # of a direction's length; what is less so lies beside every picture


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


def viewpoint(region, rv3d, centre: Vector, radius: float) -> protocol.Eye:
    """The eye of a viewport in the world frame, and its picture, which is as large as the region.

    Args:
        region, rv3d: of the viewport.
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
    view = rv3d.view_matrix  # to x right, y up, z backward
    return protocol.Eye(
        position=tuple(view.inverted() @ eye),
        quat=tuple(half_turn @ view.to_quaternion()),
        focal=focal,
        size=(region.width, region.height),
        centre=middle,
    )


def eye_in(frame: Matrix, eye: protocol.Eye) -> protocol.Eye:
    """An eye of the world in the coordinates of an object whose matrix_world is `frame`.

    It stands where the other does and looks the same way. In a mirrored frame its picture is
    mirrored; in an unevenly scaled one no camera has quite the same, and this one sees more.
    """
    to_frame = (Quaternion(eye.quat).to_matrix() @ frame.to_3x3()).inverted()
    right, down, forward = to_frame.col
    right, down = (axis - axis.project(forward) for axis in (right, down))
    y, z = down.normalized(), forward.normalized()
    x, middle = eye.centre
    return protocol.Eye(
        position=tuple(frame.inverted() @ Vector(eye.position)),
        quat=tuple(Matrix((y.cross(z), y, z)).to_quaternion()),
        focal=eye.focal * forward.length / max(right.length, down.length),
        size=eye.size,
        centre=(eye.size[0] - x if frame.is_negative else x, middle),
    )


def ray_through(eye: protocol.Eye, place: tuple[float, float]) -> ClickRay:
    """The ray through a place (x, y), from the upper left corner, of an eye's picture."""
    x, y = (here - middle for here, middle in zip(place, eye.centre, strict=True))
    direction = Quaternion(eye.quat).inverted() @ Vector((x, y, eye.focal))
    return ClickRay(Vector(eye.position), direction.normalized(), 1 / eye.focal)


def place_of(eye: protocol.Eye, direction: Vector) -> tuple[float, float]:
    """Where (x, y) in its picture an eye sees what lies in a direction: far aside if not ahead."""
    x, y, z = Quaternion(eye.quat) @ direction
    focal = eye.focal / max(z, _AHEAD)
    return focal * x + eye.centre[0], focal * y + eye.centre[1]


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
