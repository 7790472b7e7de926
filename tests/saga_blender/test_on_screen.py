"""What a box and a brush take, in perspective and orthographic views, moved and stretched."""

import numpy as np
import pytest

SIZE = (400, 200)


@pytest.fixture
def on_screen(addon):
    return addon("saga_blender.on_screen").OnScreen


def view(perspective: bool) -> np.ndarray:
    """Projections that show 2 units to the half of the picture's height at depth 10."""
    near, far = 0.1, 100.0
    if perspective:
        clip = np.diag((2.5, 5.0, -(far + near) / (far - near), 0))
        clip[2, 3], clip[3, 2] = -2 * far * near / (far - near), -1
        return clip
    return np.diag((0.25, 0.5, -2 / (far - near), 1))


@pytest.mark.parametrize("perspective", [True, False], ids=["perspective", "orthographic"])
def test_a_point_is_where_it_is_drawn(on_screen, perspective):
    frame = np.diag((2.0, 1.0, 0.5, 1.0))  # stretched, then moved away from the eye
    frame[:3, 3] = (0.5, 0, -10)
    means = np.array([(0.25, 0, 0), (0.25, 1, 0), (0, 0, 30)], np.float32)  # the last one behind
    seen = on_screen.project(means, frame, view(perspective), SIZE)
    np.testing.assert_allclose(seen.pixels[:2], [(250, 100), (250, 150)], atol=1e-3)
    np.testing.assert_allclose(seen.depths, (10, 10, -5), atol=1e-5)
    np.testing.assert_allclose(seen.widths[:2], 0.02, rtol=1e-5)
    assert seen.in_box((260, 140), (240, 160)).tolist() == [False, True, False]
    assert np.isnan(seen.pixels[2]).all() == perspective


def test_a_brush_takes_what_is_near_its_path(on_screen):
    pixels = np.array([(10, 10), (50, 14), (50, 16), (94, 10), (96, 10), (np.nan, 0)], np.float32)
    seen = on_screen(pixels, np.ones(6, np.float32), np.ones(6, np.float32))
    assert seen.along((10, 10), (90, 10), 5).tolist() == [True, True, False, True, False, False]
    assert seen.along((10, 10), (10, 10), 5).tolist() == [True] + 5 * [False]


def test_only_the_surface_that_is_seen(on_screen):
    """Two sheets, one behind the other, and a faint floater before them."""
    across = np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0)), axis=-1).reshape(-1, 2)
    pixels = np.concatenate([across, across, [(20, 20)]]).astype(np.float32)
    depths = np.repeat([5.0, 6.0, 1.0], [1600, 1600, 1]).astype(np.float32)
    seen = on_screen(pixels, depths, np.full(3201, 0.01, np.float32))
    chosen = seen.in_box((10, 10), (30, 30))
    opacities = np.repeat([0.9, 0.9, 0.1], [1600, 1600, 1])
    front = seen.in_front(chosen, np.full(3201, 0.02), opacities)
    assert np.count_nonzero(front) == 21 * 21 + 1 and not front[1600:3200].any()
    assert not (front & ~chosen).any()
    assert not seen.in_front(np.zeros(3201, bool), np.full(3201, 0.02), opacities).any()


def test_what_is_below_the_picture_hides_only_what_is_behind_it(on_screen):
    """The lower rim of a brush may reach out of the picture."""
    pixels = np.array([(10, -3), (500, -3), (11, -4)], np.float32)
    seen = on_screen(pixels, np.array([1.0, 50, 50], np.float32), np.full(3, 0.001, np.float32))
    front = seen.in_front(np.ones(3, bool), np.full(3, 0.01), np.ones(3))
    assert front.tolist() == [True, True, False]
