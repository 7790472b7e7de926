from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.errors import BadInput, MissingSoftware
from backend.rendering import make_rasterizer
from backend.rendering.gsplat_rasterizer import blending_weights, gather_rays
from backend.rendering.numba_rasterizer import NumbaRasterizer
from backend.rendering.projection import prepare, project


@pytest.fixture
def scene_below_the_caps(make_scene):
    """The two caps of alpha differ (0.99 and 0.999): here nothing reaches them."""
    cloud, camera = make_scene("odd size, off-centre, fx != fy", "ordinary")
    return replace(cloud, opacity_logits=np.minimum(cloud.opacity_logits, 4)), camera


def visible_splats(cloud, camera) -> np.ndarray:
    """Splats of the whole view, front to back."""
    window = np.array([0.0, camera.width - 1, 0.0, camera.height - 1])
    projection = project(prepare(cloud), camera, window)
    return projection.splats[projection.order]


def conics_of(splats: np.ndarray) -> np.ndarray:
    """[V, 3] inverse covariances (xx, xy, yy) from their Cholesky factors."""
    ux, uy, vy = splats["ux"], splats["uy"], splats["vy"]
    return 2 * np.column_stack([ux * ux, ux * uy, uy * uy + vy * vy])


def test_projection_is_that_of_gsplat(scene):
    """Against gsplat's own reference in torch, which runs without CUDA."""
    reference = pytest.importorskip(
        "gsplat.cuda._torch_impl", reason="gsplat is not installed in this environment"
    )
    cloud, camera = scene
    quats, scales, means = (
        torch.tensor(array, dtype=torch.float64)
        for array in (cloud.quats, np.exp(cloud.log_scales.astype(float)), cloud.means)
    )
    covariances, _ = reference._quat_scale_to_covar_preci(quats, scales, compute_preci=False)
    radii, means2d, depths, conics, _ = reference._fully_fused_projection(
        means, covariances, torch.tensor(camera.world_to_camera)[None],
        torch.tensor(camera.K)[None], camera.width, camera.height,
    )  # fmt: skip
    splats = visible_splats(cloud, camera)
    ours = splats["gaussian"]
    assert (radii[0, ours] > 0).all()  # we draw nothing that gsplat's wider boxes leave out
    np.testing.assert_allclose(splats["mean_x"], means2d[0, ours, 0], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(splats["mean_y"], means2d[0, ours, 1], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(splats["depth"], depths[0, ours], rtol=1e-6)
    expected = conics[0, ours].numpy()
    scale = np.abs(expected).max(axis=1, keepdims=True)
    # Our axes are float32, and a needle's conic magnifies their rounding.
    np.testing.assert_allclose(conics_of(splats) / scale, expected / scale, atol=1e-4)


def test_weights_and_order_of_rays(scene_below_the_caps):
    """All that is ours in the CUDA path, fed with what the CPU says gsplat's kernels list."""
    cloud, camera = scene_below_the_caps
    pixels = np.stack(np.meshgrid(range(camera.width), range(camera.height)), -1).reshape(-1, 2)
    rasterizer = NumbaRasterizer(cloud)
    listed = rasterizer.trace(camera, pixels)  # row by row, as gsplat lists them
    pixel_ids = np.repeat(np.arange(len(pixels)), np.diff(listed.offsets))
    splats = visible_splats(cloud, camera)
    splats = splats[np.argsort(splats["gaussian"])]
    splats = splats[np.searchsorted(splats["gaussian"], listed.gaussians)]
    means2d = np.column_stack([splats["mean_x"], splats["mean_y"]])
    weights = blending_weights(
        *map(torch.tensor, (means2d, conics_of(splats), cloud.opacities[listed.gaussians])),
        torch.tensor(pixel_ids),
        camera.width,
    ).numpy()
    np.testing.assert_allclose(weights, listed.weights, atol=1e-5)

    asked = np.random.default_rng(3).integers(0, len(pixels), 2 * len(pixels))
    rays = gather_rays(asked, pixel_ids, listed.gaussians, listed.weights, splats["depth"])
    expected = rasterizer.trace(camera, pixels[asked])
    np.testing.assert_array_equal(rays.offsets, expected.offsets)
    np.testing.assert_array_equal(rays.gaussians, expected.gaussians)
    np.testing.assert_array_equal(rays.weights, expected.weights)
    np.testing.assert_allclose(rays.depth, expected.depth, rtol=1e-5)


def test_rays_that_hit_nothing():
    nothing = torch.empty(0)
    pixel_ids = torch.empty(0, dtype=torch.int64)
    weights = blending_weights(torch.empty(0, 2), torch.empty(0, 3), nothing, pixel_ids, 7)
    rays = gather_rays(
        np.array([3, 3]), *(entry.numpy() for entry in (pixel_ids, pixel_ids, weights, nothing))
    )
    assert rays.offsets.tolist() == [0, 0, 0] and rays.depth.tolist() == [0, 0]


def test_a_device_that_is_not_there(make_scene):
    cloud, _ = make_scene("plain", "tiny")
    with pytest.raises(BadInput, match="toaster"):
        make_rasterizer(cloud, "toaster")
    if not torch.cuda.is_available():
        with pytest.raises(MissingSoftware) as refusal:
            make_rasterizer(cloud, "cuda")
        assert "cpu" in refusal.value.advice


@pytest.mark.usefixtures("gsplat_on_gpu")
@pytest.mark.parametrize("channels", [None, 1, 40])
def test_views_match_the_cpu(scene_below_the_caps, channels):
    cloud, camera = scene_below_the_caps
    values = channels and np.random.default_rng(1).random((len(cloud), channels), np.float32)
    expected = make_rasterizer(cloud, "cpu").render(camera, values)
    view = make_rasterizer(cloud, "cuda").render(camera, values)
    # gsplat's fast exponential may decide otherwise about an alpha of just 1/255.
    for ours, theirs in [(view.values, expected.values), (view.alpha, expected.alpha)]:
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).mean() < 1e-4
        assert np.abs(ours - theirs).max() < 2 / 255
    assert np.abs(view.depth - expected.depth).mean() < 1e-3


@pytest.mark.usefixtures("gsplat_on_gpu")
@pytest.mark.parametrize("there", [None, 0.6])
def test_rays_match_the_cpu(scene_below_the_caps, there):
    cloud, camera = scene_below_the_caps
    present = there and np.random.default_rng(2).random(len(cloud)) < there
    pixels = np.random.default_rng(1).integers(0, [camera.width, camera.height], (500, 2))
    expected = make_rasterizer(cloud, "cpu").trace(camera, pixels, present)
    rays = make_rasterizer(cloud, "cuda").trace(camera, pixels, present)
    assert present is None or present[rays.gaussians].all()
    # Few rays may hold one contribution of just 1/255 more or less than on the CPU.
    same = np.diff(rays.offsets) == np.diff(expected.offsets)
    assert same.mean() > 0.98
    ours, theirs = (np.repeat(same, np.diff(r.offsets)) for r in (rays, expected))
    assert (rays.gaussians[ours] == expected.gaussians[theirs]).mean() > 0.99
    np.testing.assert_allclose(rays.weights[ours], expected.weights[theirs], atol=1e-3)
    np.testing.assert_allclose(rays.depth[same], expected.depth[same], rtol=1e-3)
