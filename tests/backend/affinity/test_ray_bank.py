from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from backend.affinity.feature_table_cpu import CpuFeatureTable
from backend.affinity.ray_bank import build_ray_bank, choose_pixels, trace_finely, trace_view
from backend.affinity.ray_kernels import spread
from backend.errors import BadInput, Cancelled
from backend.masks.view_masks import ViewMasks
from backend.rendering import make_rasterizer


@pytest.fixture(scope="module")
def bank(panels):
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    return build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0))


def test_every_pixel_of_the_bank_is_masked_and_hits_something(bank):
    for rays in bank:
        assert rays.membership.any(axis=1).all()
        assert (np.diff(rays.traced.offsets) > 0).all()


def test_rays_carry_the_weights_of_their_own_pixels(panels, bank):
    # A pixel under the mask of a panel gets nearly all its weight from that panel.
    rays = bank[1]
    for mask, part in enumerate(range(4)):
        pixels = np.flatnonzero(rays.membership[:, mask])
        traced = rays.traced.take(pixels)
        own = traced.weights[panels.parts[traced.gaussians] == part].sum()
        assert own > 0.9 * traced.weights.sum()


def test_features_and_gradients_equal_those_of_a_full_rasterisation(panels):
    rasterizer, camera = make_rasterizer(panels.cloud, "cpu"), panels.cameras[1]
    rays = trace_view(rasterizer, camera, panels.read(camera.name), np.random.default_rng(0))
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(len(panels.cloud), 5, generator=generator)
    alone = torch.arange(len(features), dtype=torch.int32)[:, None]
    traced = rays.traced
    rendered = CpuFeatureTable(features, alone).render(traced)
    units = F.normalize(features, dim=-1)

    picture = rasterizer.render(camera, units.numpy()).values
    columns, rows = rays.pixels.T
    torch.testing.assert_close(
        rendered, torch.from_numpy(picture[rows, columns]), atol=1e-5, rtol=0
    )
    # Rasterisation is linear in the units, so a change of them is its own gradient.
    wanted = torch.randn(rendered.shape, generator=generator).numpy()
    change = torch.randn(features.shape, generator=generator).numpy()
    slope = (rasterizer.render(camera, change).values[rows, columns] * wanted).sum()
    gradient = np.zeros_like(change)
    spread(traced.offsets, traced.gaussians, traced.weights, wanted, gradient)
    assert (gradient * change).sum() == pytest.approx(slope, rel=1e-3)


def test_mask_scales_are_the_size_of_what_they_show(bank):
    # The camera sees 20 pixels a unit. A uniform square of side a has a standard deviation
    # of a / sqrt(12) along two axes; a half of it has half of that along one.
    for rays in bank:
        side = np.sqrt(rays.mask_areas[1]) / 20
        square, half = 2 * side * np.sqrt(2 / 12), 2 * side * np.sqrt(1 / 12 + 1 / 48)
        assert rays.mask_scales == pytest.approx([half, square, square, half, square], rel=0.03)


def test_small_masks_are_topped_up(panels):
    camera = panels.cameras[0].resized(960, 480)
    tiny = np.zeros((2, 480, 960), bool)
    tiny[0, 100:104, 200:204] = True
    tiny[1, 7, 9] = True
    masks = ViewMasks.pack(tiny, np.ones(2))
    pixels = choose_pixels(camera, masks, np.random.default_rng(0))
    assert masks.at(pixels).sum(axis=0).tolist() == [16, 1]
    assert len(np.unique(pixels, axis=0)) == len(pixels)


def test_a_fine_trace_meets_every_masked_pixel_of_a_small_view_once(panels, bank):
    rasterizer, rng = make_rasterizer(panels.cloud, "cpu"), np.random.default_rng(0)
    unmasked = panels.cameras[0].resized(96, 48)
    views = [replace(unmasked, name="without masks"), *panels.cameras]
    traced = list(trace_finely(rasterizer, views, panels, bank, rng))
    assert len(traced) == len(panels.cameras)
    for rays, camera in zip(traced, panels.cameras, strict=True):
        masks = panels.read(camera.name)
        assert rays.membership.sum(axis=0).tolist() == masks.areas().tolist()
        assert len(rays.traced) == masks.unpack().any(axis=0).sum()
        of_half = rays.traced.take(np.flatnonzero(rays.membership[:, 3]))
        assert of_half.weights[panels.parts[of_half.gaussians] == 3].sum() > 0.9 * (
            of_half.weights.sum()
        )


def test_masks_may_be_finer_than_the_picture(panels, bank):
    def finer(masks):
        return ViewMasks.pack(masks.unpack().repeat(3, axis=1).repeat(3, axis=2), np.ones(5))

    fine = replace(panels, masks={name: finer(masks) for name, masks in panels.masks.items()})
    camera, rng = panels.cameras[0], np.random.default_rng(0)
    rasterizer, own = make_rasterizer(panels.cloud, "cpu"), panels.read(camera.name)
    rays = trace_view(rasterizer, camera, fine.read(camera.name), rng)
    np.testing.assert_array_equal(rays.membership, own.at(rays.pixels))
    (traced,) = trace_finely(rasterizer, [camera], fine, bank, rng)
    assert traced.membership.sum(axis=0).tolist() == own.areas().tolist()
    tiny = np.zeros((1, 3 * 480, 3 * 960), bool)
    tiny[0, 300:312, 600:612] = True  # 4 x 4 pixels of the picture
    pixels = choose_pixels(camera.resized(960, 480), ViewMasks.pack(tiny, np.ones(1)), rng)
    columns, rows = pixels.T
    assert ((columns // 4 == 50) & (rows // 4 == 25)).sum() > 8


def test_of_many_views_some_spread_over_them_are_traced_finely(panels, bank, monkeypatch):
    monkeypatch.setattr("backend.affinity.ray_bank.FINE_VIEWS", 2)
    rasterizer, rng = make_rasterizer(panels.cloud, "cpu"), np.random.default_rng(0)
    traced = trace_finely(rasterizer, panels.cameras, panels, bank, rng)
    masked = [rays.membership.sum(axis=0).tolist() for rays in traced]
    assert masked == [panels.read(name).areas().tolist() for name in ("0.png", "2.png")]


def test_pixels_that_meet_nothing_and_masks_without_a_scale_are_left_out(panels):
    camera = panels.cameras[0]
    seen = panels.read(camera.name).unpack()
    point, sky = np.zeros((2, 1, *seen.shape[1:]), bool)
    point[0, 28, 23] = sky[0, :3] = True  # one pixel; and what shows nothing but is in the next
    masks = ViewMasks.pack(np.concatenate([point, sky, seen[:1] | sky, seen]), np.ones(8))
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    rays = trace_view(rasterizer, camera, masks, np.random.default_rng(0))
    assert rays.mask_index.tolist() == [2, 3, 4, 5, 6, 7]
    assert rays.mask_scales[0] == pytest.approx(rays.mask_scales[1], rel=0.01)
    assert rays.mask_areas.tolist() == masks.areas()[2:].tolist()
    in_half_and_whole = rays.membership[:, 1] & rays.membership[:, 5]
    # A.1: m_p is the mean over the masks of the pixel, which are these three.
    assert rays.mean_mask_areas[in_half_and_whole] == pytest.approx(
        rays.mask_areas[[0, 1, 5]].mean()
    )


@pytest.mark.parametrize("count", [0, 1])
def test_views_whose_masks_tell_nothing_are_refused(panels, count):
    # No mask, or one mask of a single pixel: neither has a scale.
    masks = np.zeros((count, 48, 96), bool)
    masks[:, 20, 40] = True
    empty = dict.fromkeys(panels.masks, ViewMasks.pack(masks, np.ones(count)))
    source = type("Source", (), {"read": staticmethod(empty.get)})
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    with pytest.raises(BadInput, match="None of the masks"):
        build_ray_bank(rasterizer, panels.cameras, source, np.random.default_rng(0))


def test_cancelling_stops_the_tracing(panels):
    def cancel(stage, fraction, detail=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        rasterizer = make_rasterizer(panels.cloud, "cpu")
        build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0), cancel)
