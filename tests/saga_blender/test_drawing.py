"""What the graphics card is told: colours, covariances, order (drawing needs a window)."""

import bpy
import numpy as np
import pytest


@pytest.fixture
def gaussians(addon):
    return addon("saga_blender.drawing.gaussians")


def test_colours_are_those_of_degree_0_and_the_selection_stands_out(addon, gaussians):
    sh_colors = addon("backend.gaussians.spherical_harmonics").sh_colors
    base = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    selected = np.arange(50) < 10
    colors = gaussians.display_colors(base, selected)
    expected = np.minimum(sh_colors(base[:, None, :3], np.tile((0, 0, 1.0), (50, 1))), 1)
    np.testing.assert_allclose(colors[~selected], expected[~selected], atol=1e-6)
    before = np.abs(expected - gaussians.SELECTED_COLOR)[selected]
    after = np.abs(colors - gaussians.SELECTED_COLOR)[selected]
    np.testing.assert_allclose(after, 0.4 * before, atol=1e-6)


def test_texels_hold_the_gaussian_in_the_world(gaussians):
    half = np.sqrt(0.5)
    quats = np.array([(half, 0, 0, half)], np.float32)  # a quarter turn about z
    scales = np.array([(3.0, 1, 2)], np.float32)  # so: 1, 3, 2 along x, y, z
    frame = np.eye(4)
    frame[0, 1], frame[2, 2], frame[:3, 3] = 0.5, 2, (10, 20, 30)  # sheared, stretched, moved
    means, colors = np.array([(1.0, 2, 3)], np.float32), np.array([(0.1, 0.2, 0.3)])
    (texels,) = gaussians.records(means, scales, quats, np.array([0.7]), colors, frame)
    covariance = frame[:3, :3] @ np.diag((1.0, 9, 4)) @ frame[:3, :3].T
    np.testing.assert_allclose(texels[0], (12, 22, 36, 0.7), rtol=1e-6)
    upper = covariance[np.triu_indices(3)]
    np.testing.assert_allclose(texels[1:3].ravel()[:6], upper, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(texels[3], (0.1, 0.2, 0.3, 0), rtol=1e-6)


@pytest.mark.parametrize("perspective", [True, False], ids=["perspective", "orthographic"])
def test_order_is_back_to_front_and_what_is_not_seen_is_left_out(gaussians, perspective):
    near, far = 0.1, 100.0
    clip = np.diag((1.0, 1, -(far + near) / (far - near), 0))
    clip[2, 3], clip[3, 2] = -2 * far * near / (far - near), -1
    if not perspective:
        clip = np.diag((0.1, 0.1, -2 / (far - near), 1))
        clip[2, 3] = -(far + near) / (far - near)
    heads = np.ones((7, 4), np.float32)
    heads[:, :3] = (
        (0, 0, -5),
        (1, 0, -9),
        (0, 1, -2),
        (0, 0, -40),
        (0, 0, 3),
        (0, 0, -6),
        (90, 0, -6),
    )
    heads[5, 3] = 0.001  # transparent; 4 lies behind the eye, 6 beside the picture
    assert gaussians.back_to_front(heads, clip).tolist() == [3, 1, 0, 2]
    assert len(gaussians.back_to_front(heads[4:], clip)) == 0


def test_a_sample_is_within_the_limit_and_always_the_same(gaussians):
    assert np.arange(5)[gaussians.sample(5, 5)].tolist() == [0, 1, 2, 3, 4]
    first, again = gaussians.sample(1000, 300), gaussians.sample(1000, 300)
    assert len(np.unique(first)) == 300 and (first == again).all()
    assert abs(first.mean() - 500) < 50


def test_of_nothing_nothing_is_drawn(addon, ply, tmp_path, monkeypatch):
    """Blender raises for a batch of no points, and without a window for any other."""
    bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / "t.ply", ply.rows(9, 0))))
    splats, data = addon("saga_blender.drawing.splats"), bpy.context.object.data
    assert splats.Spots.of(data).batch(np.zeros(9, bool)) is None
    data.saga.found.add().shown = False
    addon("saga_blender.splat_object").set_clusters(data, np.zeros(9, np.int32))
    assert splats.point_batch(data) is None
    data.saga.found[0].shown = True
    monkeypatch.setattr(splats, "draws_itself", lambda data: True)  # as in 5.3, nothing selected
    assert splats.point_batch(data) is None
    splats.draw_points(None, None, None, 1)


def test_what_is_on_the_graphics_card_goes_with_its_object(addon, ply, tmp_path):
    drawing = addon("saga_blender.drawing.overlay")
    overlay = drawing.Overlay()
    uids = []
    for name in ("hidden", "deleted"):
        bpy.ops.import_scene.saga_splat(filepath=str(ply.write(tmp_path / name, ply.rows(9, 0))))
        uids.append(bpy.context.object.session_uid)
        overlay.points[uids[-1]] = overlay.spots[uids[-1]] = (0, None)
    overlay.world = (tuple((uid, 0, ()) for uid in uids), None)
    overlay.preview = drawing.Preview(uids[1], np.ones(9, bool))
    overlay._forget_gone([])
    assert overlay.points.keys() == set(uids) and overlay.world and overlay.preview
    bpy.data.objects.remove(bpy.context.object)
    overlay._forget_gone([])
    assert overlay.points.keys() == overlay.spots.keys() == {uids[0]}
    assert overlay.world is None and overlay.preview is None
