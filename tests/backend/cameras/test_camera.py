"""The pinhole camera: where it shows the world."""

import numpy as np

from backend.cameras.camera import Camera

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
