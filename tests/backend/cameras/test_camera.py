"""The pinhole camera: where it shows the world, and how it is turned."""

import numpy as np
import pytest

from backend.cameras.camera import Camera, look_at

# At (2, 0, 1), looks along the world's x with its z upwards: right is -y, down is -z.
CAMERA = Camera(
    "a", 640, 480, 100, 200, 320, 240,
    np.array([[0, -1, 0, 0], [0, 0, -1, 1], [1, 0, 0, -2], [0, 0, 0, 1.0]]),
)  # fmt: skip


def test_points_in_its_frame_and_in_its_picture():
    # 4 ahead, 1 to the right, 2 down; then on the axis; behind; where it stands; beside.
    points = np.array([[6, -1, -1], [3, 0, 1], [1, 0, 1], [2, 0, 1], [2, 5, 1]], np.float32)
    in_frame = [[1, 2, 4], [0, 0, 1], [0, 0, -1], [0, 0, 0], [-5, 0, 0]]
    assert CAMERA.to_frame(points).tolist() == in_frame
    shown = [[320 + 100 / 4, 240 + 200 * 2 / 4], [320, 240], *[[np.nan, np.nan]] * 3]
    np.testing.assert_array_equal(CAMERA.project(points), shown)
    np.testing.assert_array_equal(CAMERA.project([6, -1, -1]), shown[0])


def test_a_pixel_taken_to_the_world_is_shown_at_its_centre():
    pixels, depth = np.array([[0, 0], [639, 17]]), np.array([3.0, 0.2])
    points = CAMERA.unproject(pixels, depth)
    np.testing.assert_allclose(CAMERA.project(points), pixels + 0.5, atol=1e-12)


@pytest.mark.parametrize("place", [(2, 0, 1), (0.5, -3, 7)])
def test_looking_somewhere_with_a_level_horizon(place):
    turn = CAMERA.world_to_camera[:3, :3]
    found = look_at(np.array(place), np.array([5.0, 0, 0]), up=np.array([0, 0, 1.0]))
    np.testing.assert_array_equal(found[:3, :3], turn)
    np.testing.assert_array_equal(found @ [*place, 1], [0, 0, 0, 1])


@pytest.mark.parametrize("forward", [(0, 0, 2.0), (0, 1e-9, -1.0)])
def test_looking_up_or_down_has_no_horizon_but_a_rotation(forward):
    found = look_at(np.zeros(3), np.array(forward), up=np.array([0, 0, 1.0]))
    turn = found[:3, :3]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turn @ forward, [0, 0, np.linalg.norm(forward)], atol=1e-12)
