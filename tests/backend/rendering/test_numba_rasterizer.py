from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.cameras.camera import Camera, ray_camera
from backend.cameras.cameras_json import read_cameras_json
from backend.errors import BadInput
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import read_ply
from backend.rendering.blocks import Blocks
from backend.rendering.numba_rasterizer import NumbaRasterizer
from backend.rendering.projection import prepare, project

TOLERANCE = 1e-5  # ten times less than what is asked
KITCHEN = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes" / "kitchen"


def reference_projection(cloud: GaussianCloud, camera: Camera):
    """EWA splatting in float64, literally: z [N], means [N, 2], covariances [N, 2, 2]."""
    w, x, y, z = (cloud.quats / np.linalg.norm(cloud.quats, axis=1, keepdims=True)).T.astype(float)
    rotation = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]).transpose(2, 0, 1)  # fmt: skip
    spread = rotation * np.exp(cloud.log_scales.astype(float))[:, None, :]
    turn, shift = camera.world_to_camera[:3, :3], camera.world_to_camera[:3, 3]
    x, y, z = (cloud.means @ turn.T + shift).T
    margin_x, margin_y = 0.15 * camera.width / camera.fx, 0.15 * camera.height / camera.fy
    slope_x = np.clip(
        x / z, -camera.cx / camera.fx - margin_x, (camera.width - camera.cx) / camera.fx + margin_x
    )
    slope_y = np.clip(
        y / z, -camera.cy / camera.fy - margin_y, (camera.height - camera.cy) / camera.fy + margin_y
    )
    zero = np.zeros_like(z)
    jacobian = np.array([
        [camera.fx / z, zero, -camera.fx * slope_x / z],
        [zero, camera.fy / z, -camera.fy * slope_y / z],
    ]).transpose(2, 0, 1)  # fmt: skip
    axes = jacobian @ turn @ spread
    means = np.column_stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy])
    return z, means, axes @ axes.transpose(0, 2, 1) + 0.3 * np.eye(2)


def reference(cloud: GaussianCloud, camera: Camera, values: np.ndarray):
    """Every pixel against every Gaussian: values, depth, alpha, and which pixels are safe.

    A pixel is not safe when some alpha or transmittance there lies so near a
    threshold that the rounding of float32 may decide otherwise.
    """
    z, means, covariances = reference_projection(cloud, camera)
    opacities = 1 / (1 + np.exp(-cloud.opacity_logits.astype(float)))
    # Depth is compared in float32, as gsplat does; equal depths stay in order.
    order = np.argsort(z.astype(np.float32), kind="stable")
    order = order[z[order] >= 0.01]
    conics = np.linalg.inv(covariances[order])
    shape = (camera.height, camera.width)
    picture, depth = np.zeros((*shape, values.shape[1])), np.zeros(shape)
    alpha, safe = np.zeros(shape), np.zeros(shape, bool)
    for row, column in np.ndindex(shape):
        offsets = np.array([column + 0.5, row + 0.5]) - means[order]
        power = 0.5 * np.einsum("ni,nij,nj->n", offsets, conics, offsets)
        raw = opacities[order] * np.exp(-power)
        alphas = np.where(raw < 1 / 255, 0, np.minimum(raw, 0.99))
        after = np.cumprod(1 - alphas)
        weights = np.where(after > 1e-4, np.concatenate([[1], after[:-1]]) * alphas, 0)
        picture[row, column] = weights @ values[order]
        alpha[row, column] = weights.sum()
        depth[row, column] = weights @ z[order] / max(weights.sum(), 1e-12)
        safe[row, column] = min(np.abs(raw * 255 - 1).min(), np.abs(after * 1e4 - 1).min()) > 1e-5
    return picture, depth, alpha, safe


def all_pixels(camera: Camera) -> np.ndarray:
    return np.stack(np.meshgrid(range(camera.width), range(camera.height)), -1).reshape(-1, 2)


def test_views_match_the_reference(scene):
    cloud, camera = scene
    values = np.random.default_rng(1).uniform(-1, 1, (len(cloud), 5)).astype(np.float32)
    picture, depth, alpha, safe = reference(cloud, camera, values)
    view = NumbaRasterizer(cloud).render(camera, values)
    assert safe.mean() > 0.98
    assert np.abs(view.values - picture)[safe].max(initial=0) < TOLERANCE
    assert np.abs(view.alpha - alpha)[safe].max(initial=0) < TOLERANCE
    assert np.abs(view.depth - depth)[safe].max(initial=0) < TOLERANCE * max(depth.max(), 1)


def test_traced_rays_say_what_views_show(scene):
    cloud, camera = scene
    rng = np.random.default_rng(2)
    pixels = rng.permutation(np.repeat(all_pixels(camera), 2, axis=0))[: camera.width * 20]
    values = rng.uniform(-1, 1, (len(cloud), 1)).astype(np.float32)
    rasterizer = NumbaRasterizer(cloud)
    view, rays = rasterizer.render(camera, values), rasterizer.trace(camera, pixels)
    column, row = pixels.T
    owner = np.repeat(np.arange(len(pixels)), np.diff(rays.offsets))
    alpha = np.bincount(owner, rays.weights, len(pixels))
    blended = np.bincount(owner, rays.weights * values[rays.gaussians, 0], len(pixels))
    z = cloud.means[rays.gaussians] @ camera.world_to_camera[2, :3] + camera.world_to_camera[2, 3]
    front_to_back = (np.diff(z) > -1e-5) | (np.diff(owner) > 0)

    assert rays.offsets[-1] == len(rays.gaussians) == len(rays.weights)
    np.testing.assert_allclose(alpha, view.alpha[row, column], atol=1e-5)
    np.testing.assert_allclose(blended, view.values[row, column, 0], atol=1e-5)
    np.testing.assert_allclose(rays.depth, view.depth[row, column], rtol=1e-4)
    assert front_to_back.all()
    assert (rays.weights > 0).all()


def single_gaussian(opacity: float, sh: np.ndarray) -> GaussianCloud:
    """Round, 0.02 wide, 2 before the origin on +z: a variance of 1 px^2 where the focal is 100."""
    return GaussianCloud(
        means=np.array([[0, 0, 2]], np.float32),
        quats=np.array([[1, 0, 0, 0]], np.float32),
        log_scales=np.full((1, 3), np.log(0.02), np.float32),
        opacity_logits=np.array([np.log(opacity / (1 - opacity))], np.float32),
        sh=sh[None].astype(np.float32),
    )


@pytest.fixture
def screen() -> Camera:
    return Camera("screen", 16, 16, 100.0, 100.0, 8.0, 8.0, np.eye(4))


def test_a_single_gaussian_by_hand(screen):
    sh = np.zeros((4, 3))
    sh[0] = [1, -3, 0]
    sh[2] = [0.5, 0, 1]  # the band's z term; the Gaussian lies in direction +z
    view = NumbaRasterizer(single_gaussian(0.5, sh)).render(screen)
    color = [0.5 + 0.28209479 + 0.48860251 * 0.5, 0, 0.5 + 0.48860251]
    alpha = 0.5 * np.exp(-0.5 * 0.5 / 1.3)  # half a pixel off in x and y, variance 1 + 0.3
    np.testing.assert_allclose(view.alpha[8, 8], alpha, rtol=1e-5)
    np.testing.assert_allclose(view.values[8, 8], alpha * np.array(color), rtol=1e-5)
    np.testing.assert_allclose(view.depth[8, 8], 2, rtol=1e-6)
    # alpha falls to 1/255 at 3.55 px: this is beyond three sigma (3.42 px) and still there
    np.testing.assert_allclose(view.alpha[8, 11], 0.5 * np.exp(-0.5 * 12.5 / 1.3), rtol=1e-5)
    assert view.alpha[9, 11] == 0 == view.depth[9, 11]  # 3.81 px


def test_alpha_is_capped(screen):
    rasterizer = NumbaRasterizer(single_gaussian(1 - 1e-7, np.zeros((1, 3))))
    centred = replace(screen, cx=8.5, cy=8.5)  # the mean falls on the centre of a pixel
    np.testing.assert_allclose(rasterizer.render(centred).alpha[8, 8], 0.99, rtol=1e-6)
    np.testing.assert_allclose(
        rasterizer.render(screen).alpha[8, 8], np.exp(-0.25 / 1.3), rtol=1e-5
    )


def test_a_cloud_of_nothing_and_views_of_nothing(screen):
    cloud = single_gaussian(0.5, np.zeros((1, 3)))
    away = replace(screen, world_to_camera=np.diag([-1.0, 1, -1, 1]))
    for rasterizer, camera in [
        (NumbaRasterizer(cloud), away),
        (NumbaRasterizer(cloud.subset(slice(0))), screen),
    ]:
        view, rays = rasterizer.render(camera), rasterizer.trace(camera, [[3, 4], [0, 0]])
        assert not view.values.any() and not view.alpha.any() and not view.depth.any()
        assert rays.offsets.tolist() == [0, 0, 0] and rays.depth.tolist() == [0, 0]
    assert NumbaRasterizer(cloud).trace(screen, np.empty((0, 2), int)).offsets.tolist() == [0]


def test_absurd_gaussians_are_left_out(make_scene):
    cloud, camera = make_scene("plain", "ordinary")
    cloud.log_scales[:10] = [[90, -90, 0]]  # the exponential overflows float32
    cloud.quats[10:20] = 0  # no rotation
    kept = np.arange(len(cloud)) >= 10
    view = NumbaRasterizer(cloud).render(camera)
    np.testing.assert_array_equal(
        view.values, NumbaRasterizer(cloud.subset(kept)).render(camera).values
    )
    assert np.isfinite(view.values).all()


@pytest.mark.parametrize("pixel", [(-1, 0), (0, 16), (16, 0)])
def test_pixels_outside_are_refused(screen, pixel):
    with pytest.raises(BadInput):
        NumbaRasterizer(single_gaussian(0.5, np.zeros((1, 3)))).trace(screen, [(0, 0), pixel])


@pytest.mark.skipif(not KITCHEN.exists(), reason="the real scenes are not beside the project")
def test_a_real_scene_looks_like_its_photographs():
    rasterizer = NumbaRasterizer(read_ply(KITCHEN / "point_cloud.ply").cloud)
    cameras = read_cameras_json(KITCHEN / "cameras.json")
    for camera in cameras[3], cameras[14]:
        photo = Image.open(KITCHEN / "images" / camera.name).convert("RGB").resize((389, 260))
        picture = rasterizer.render(camera.resized(389, 260)).values.clip(0, 1)
        error = np.square(picture - np.asarray(photo) / 255).mean()
        assert -10 * np.log10(error) > 24  # dB


def test_a_single_ray_finds_all_that_the_whole_picture_does(make_scene):
    """Where whole blocks of Gaussians are left out, and where the one pixel is all of the view."""
    for name in ("plain", "wide"):
        cloud, camera = make_scene(name, "needles", count=20_000)
        rasterizer, pixels = NumbaRasterizer(cloud), all_pixels(camera)[::7]
        together = rasterizer.trace(camera, pixels)
        for k, pixel in enumerate(pixels):
            alone, same = rasterizer.trace(camera, pixel[None]), together.take(np.array([k]))
            np.testing.assert_array_equal(alone.gaussians, same.gaussians)
            np.testing.assert_array_equal(alone.weights, same.weights)


def test_no_block_is_left_out_of_which_a_gaussian_reaches_the_window(scene, monkeypatch):
    """Blocks of four bound their Gaussians so tightly that each term of the bound is needed."""
    monkeypatch.setattr("backend.rendering.blocks.BLOCK", 4)
    cloud, camera = scene
    source = prepare(cloud)
    blocks = Blocks.of(source)
    for column, row in all_pixels(camera)[::23]:
        window = np.array([column, column, row, row], float)
        projection = project(source, camera, window)
        reaching = projection.splats["gaussian"][projection.order]
        assert np.isin(reaching, blocks.near(camera, window)).all()


def test_what_is_not_there_is_as_if_it_had_never_been(make_scene):
    for name in ("plain", "one pixel"):
        cloud, camera = make_scene(name, "ordinary", count=20_000)
        rasterizer, pixels = NumbaRasterizer(cloud), all_pixels(camera)
        few = pixels[(np.abs(pixels - [camera.cx, camera.cy]) < 6).all(axis=1)]
        for present in np.random.default_rng(0).random((2, len(cloud))) < 0.7:
            alone, index = NumbaRasterizer(cloud.subset(present)), np.flatnonzero(present)
            for asked in (few[:1], few, pixels):
                rays, expected = (
                    rasterizer.trace(camera, asked, present),
                    alone.trace(camera, asked),
                )
                np.testing.assert_array_equal(rays.gaussians, index[expected.gaussians])
                np.testing.assert_array_equal(rays.weights, expected.weights)
                np.testing.assert_array_equal(rays.depth, expected.depth)


def test_a_block_is_as_blurred_as_its_farthest_gaussian():
    """Of two points the far one lies 1.5 pixels right of the window, which its blur of 1.8 reaches.

    The line between them is normal to the plane of the window's right edge, so that no other
    bound has room to spare: at the depth of their middle the blur would be too little.
    """
    camera = Camera("wide", 50, 20, 12.0, 12.0, 25.0, 10.5, np.eye(4))
    slope = (49.5 - camera.cx) / camera.fx
    far = camera.unproject(np.array([[50.5, 10.0]]), np.array([1.9]))[0]
    near = far + 2 * np.array([1, 0, -slope]) / np.hypot(1, slope)
    source = prepare(GaussianCloud(
        np.float32([far, near]), np.float32([[1, 0, 0, 0]] * 2), np.full((2, 3), -12, np.float32),
        np.full(2, 5, np.float32), np.zeros((2, 1, 3), np.float32),
    ))  # fmt: skip
    window = np.array([49.0, 49, 10, 10])
    assert len(project(source, camera, window).order) == 1
    assert Blocks.of(source).near(camera, window).tolist() == [0, 1]


def test_a_ray_looks_at_few_of_a_large_scene():
    rng = np.random.default_rng(0)
    means = rng.uniform(-1, 1, (100_000, 3)).astype(np.float32)
    means[0] = 1e6  # a floater far off
    cloud = GaussianCloud(
        means,
        rng.normal(size=(len(means), 4)).astype(np.float32),
        np.full((len(means), 3), np.log(0.01), np.float32),
        np.zeros(len(means), np.float32),
        np.zeros((len(means), 1, 3), np.float32),
    )
    camera = ray_camera((0, 0, -3), (0.1, 0.05, 1), 0.001)
    near = Blocks.of(prepare(cloud)).near(camera, np.zeros(4))
    assert 0 < len(near) < 0.15 * len(means)
