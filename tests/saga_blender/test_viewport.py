"""A ray through a pixel passes through what is drawn there."""

from types import SimpleNamespace

import numpy as np
import pytest
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Matrix, Vector

REGION = SimpleNamespace(width=800, height=600)


def view(perspective: bool) -> SimpleNamespace:
    """What RegionView3D says of an eye at (3, -6, 2) that looks back at the origin."""
    eye = Vector((3.0, -6.0, 2.0))
    turn = eye.to_track_quat("Z", "Y").to_matrix().to_4x4()
    view_matrix = (Matrix.Translation(eye) @ turn).inverted()
    window = Matrix.Identity(4)  # OpenGL projections onto -1..1
    if perspective:
        near, far, focal = 0.1, 100.0, 1.5
        window[0][0], window[1][1] = focal, focal * 800 / 600
        window[2][2], window[2][3] = -(far + near) / (far - near), -2 * far * near / (far - near)
        window[3][2], window[3][3] = -1.0, 0.0
    else:
        window[0][0], window[1][1], window[2][2] = 1 / 4, 1 / 3, -1 / 1000  # 8 x 6 units
    return SimpleNamespace(
        view_matrix=view_matrix,
        window_matrix=window,
        perspective_matrix=window @ view_matrix,
        is_perspective=perspective,
        view_perspective="PERSP" if perspective else "ORTHO",
    )


@pytest.mark.parametrize("perspective", [True, False], ids=["perspective", "orthographic"])
def test_ray_hits_the_pixel_and_the_pixel_has_its_width(addon, perspective):
    viewport = addon("saga_blender.viewport")
    rv3d, centre = view(perspective), Vector((0.2, 0.1, -0.3))
    pixel = (433, 207)
    ray = viewport.click_ray(REGION, rv3d, pixel, centre, 1.5)
    for depth in (1.0, 5.0, 20.0):
        drawn = location_3d_to_region_2d(REGION, rv3d, ray.origin + depth * ray.direction)
        np.testing.assert_allclose(drawn, (433.5, 207.5), atol=0.01)
    depth = (centre - ray.origin).dot(ray.direction)
    width = 0.01 if not perspective else depth / (1.5 * 400)  # units per pixel at the object
    assert ray.pixel_angle * depth == pytest.approx(width, rel=0.1)
    assert depth > 1.5, "the ray starts inside the object"


def test_ray_in_the_frame_of_a_turned_and_scaled_object(addon):
    viewport = addon("saga_blender.viewport")
    frame = Matrix.LocRotScale((1, 2, 3), Matrix.Rotation(0.7, 3, "X"), (2, 2, 2))
    ray = viewport.ClickRay(Vector((4, 5, 6)), Vector((0, 0.6, 0.8)), 0.001)
    local = ray.seen_from(frame)
    assert local.direction.length == pytest.approx(1)
    np.testing.assert_allclose(frame @ local.origin, ray.origin, atol=1e-6)
    ahead = frame @ (local.origin + local.direction)
    np.testing.assert_allclose((ahead - ray.origin) / 2, ray.direction, atol=1e-6)


@pytest.mark.parametrize("perspective", [True, False], ids=["perspective", "orthographic"])
@pytest.mark.parametrize("mirror", [1, -1], ids=["", "mirrored"])
def test_the_viewport_as_a_camera_shows_points_where_the_viewport_does(addon, perspective, mirror):
    """The frame of the splat is turned, moved and scaled in the world; the view looks aside."""
    viewport, rv3d = addon("saga_blender.viewport"), view(perspective)
    column = 2 if perspective else 3  # as a camera's shift, and panning in a camera's view, do
    rv3d.window_matrix[0][column], rv3d.window_matrix[1][column] = 0.3, -0.2
    rv3d.perspective_matrix = rv3d.window_matrix @ rv3d.view_matrix
    turn = Matrix.Rotation(0.7, 3, "X")
    frame = Matrix.LocRotScale((1, 2, 3), turn, (2, 2 * mirror, 2))
    world = viewport.viewpoint(REGION, rv3d, frame.translation, 1.5)
    eye = viewport.eye_in(frame, world)
    within = 0.01 if perspective else 0.5  # an eye that is far away, but not infinitely far
    for point in map(Vector, [(0, 0, 0), (0.4, -0.6, 0.2), (-1, 0.3, -0.5)]):
        x, y = viewport.place_of(eye, point - Vector(eye.position))
        drawn = location_3d_to_region_2d(REGION, rv3d, frame @ point)
        np.testing.assert_allclose((x if mirror > 0 else 800 - x, 600 - y), drawn, atol=within)


@pytest.mark.parametrize("perspective", [True, False], ids=["perspective", "orthographic"])
@pytest.mark.parametrize("scale", [(2, 2, 2), (-1, 1, 1), (1.2, 0.8, 1), (1, 1, 3)], ids=str)
def test_a_stroke_passes_through_what_is_drawn_under_it(addon, perspective, scale):
    viewport, rv3d = addon("saga_blender.viewport"), view(perspective)
    frame = Matrix.LocRotScale((1, 2, 3), Matrix.Rotation(0.7, 3, "X"), scale)
    eye = viewport.viewpoint(REGION, rv3d, frame.translation, 1.5)
    for point in map(Vector, [(0, 0, 0), (0.4, -0.6, 0.2), (-1, 0.3, -0.5)]):
        x, y = location_3d_to_region_2d(REGION, rv3d, frame @ point)
        ray = viewport.ray_through(eye, (x, 600 - y)).seen_from(frame)
        away = point - ray.origin
        assert away.cross(ray.direction).length < 1e-4 * away.length
