"""Trainings that would not fit are refused before they begin, and smaller ones offered."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from two_balls import write_two_balls

from backend.affinity.feature_table_cpu import CpuFeatureTable
from backend.affinity.ray_bank import ViewRays, build_ray_bank
from backend.affinity.recipes import RECIPES
from backend.command_line.main import main
from backend.errors import NotEnoughMemory
from backend.gaussians.ply import read_ply
from backend.masks.view_masks import ViewMasks
from backend.memory import check, estimate
from backend.memory.check import require_memory
from backend.memory.estimate import Size, gpu_needed, ram_needed, training_size
from backend.rendering import make_rasterizer

FAST = RECIPES["fast"]
SIZE = Size(gaussians=1_000_000, row=248, views=200, pixels=1920 * 1080)


@pytest.fixture
def free(monkeypatch):
    """Sets what is free, in GB."""

    def set_free(ram: float, gpu: float = 0.0) -> None:
        monkeypatch.setattr(check, "free_ram", lambda: round(ram * 1e9))
        monkeypatch.setattr(check, "free_gpu", lambda device: round(gpu * 1e9))

    return set_free


def refused(size: Size, device: str = "cpu") -> NotEnoughMemory:
    with pytest.raises(NotEnoughMemory) as caught:
        require_memory(size, FAST, device)
    return caught.value


def test_fewer_views_are_offered_as_many_as_fit(free):
    needed = ram_needed(SIZE, FAST, "cpu")
    free(needed / 1e9 + 0.001)
    require_memory(SIZE, FAST, "cpu")
    free(2.8)
    error = refused(SIZE)
    assert f"200 views needs about {needed / 1e9:.1f} GB of memory, and 2.8 GB" in error.message
    views = error.offer["max_views"]
    assert error.offer == {"max_views": views} and f"room for {views} of them" in error.advice
    fits = [
        ram_needed(replace(SIZE, views=n), FAST, "cpu") <= 0.9 * 2.8e9 for n in (views, views + 1)
    ]
    assert fits == [True, False]
    require_memory(replace(SIZE, views=views), FAST, "cpu")


def test_the_cpu_is_offered_in_place_of_a_gpu_and_fewer_views_where_it_has_to_be(free):
    free(ram=8, gpu=16)
    require_memory(SIZE, FAST, "cuda")
    free(ram=8, gpu=0.5)
    error = refused(SIZE, "cuda")
    assert error.offer == {"device": "cpu"}
    assert f"{gpu_needed(SIZE, FAST) / 1e9:.1f} GB of the GPU's memory, and 0.5 GB" in error.message
    free(ram=2.8, gpu=0.5)
    assert refused(SIZE, "cuda").offer.keys() == {"device", "max_views"}


def test_nothing_is_offered_where_nothing_fits(free):
    free(ram=0.3)
    error = refused(SIZE)
    assert error.offer == {} and "part of the splat" in error.advice


VIT_H, MOBILE_SAM = 2_564_550_879, 40_728_226  # bytes of weights


@pytest.mark.parametrize("device, gb", [("cpu", {"ram": 6}), ("cuda", {"ram": 99, "gpu": 6})])
def test_memory_that_sam_takes_is_not_put_down_to_the_splat(free, device, gb):
    smaller = ", or choose a smaller model, such as MobileSAM"
    size = Size(gaussians=20_000, row=248, views=30, pixels=800 * 600, sam=VIT_H)
    free(**gb)
    error = refused(size, device)
    assert error.advice.startswith(f"Close other programs{smaller}.")
    assert error.offer == ({} if device == "cpu" else {"device": "cpu"})
    require_memory(replace(size, sam=MOBILE_SAM), FAST, device)
    for sam in (MOBILE_SAM, VIT_H):
        large = replace(size, gaussians=60_000_000, sam=sam)
        assert "smaller model" not in refused(large, device).advice


def test_the_estimates_terms_are_the_arrays_that_there_are(panels):
    count, recipe = len(panels.cloud), FAST
    size = Size(count, panels.cloud.row_bytes, views=1, pixels=0)
    cloud = panels.cloud
    arrays = (cloud.means, cloud.quats, cloud.log_scales, cloud.opacity_logits, cloud.sh)
    assert size.row * count == sum(array.nbytes for array in arrays)

    neighbours = torch.zeros((count, recipe.neighbours), dtype=torch.int32)
    table = CpuFeatureTable(torch.zeros(count, recipe.dim), neighbours)
    adam = table.adam.state().values()
    assert estimate._table(size, recipe) == sum(t.nbytes for t in (*adam, neighbours, table._slot))

    rasterizer = make_rasterizer(cloud, "cpu")
    (rays,) = build_ray_bank(rasterizer, panels.cameras[:1], panels, np.random.default_rng(0))
    per_ray = 16 + 8 + 4 + 8 + rays.membership.shape[1]  # pixel, offset, depth, mean area, masks
    assert rays.nbytes == len(rays) * per_ray + 8 * rays.traced.offsets[-1] + 8


def test_the_size_is_that_of_the_masks_that_there_are_or_will_be(panels, tmp_path):
    weights = tmp_path / "sam.pt"
    weights.write_bytes(bytes(77))
    scene = SimpleNamespace(cloud=panels.cloud, rasterizer=make_rasterizer(panels.cloud, "cpu"))
    masks = ViewMasks.pack(np.ones((7, 90, 180), bool), np.ones(7))  # finer than their view
    first, middle, last = views = panels.cameras

    def size_of(views, missing, **ready):
        return training_size(scene, views, replace(panels, masks=ready), missing, str(weights))

    size = size_of(views, [], **{middle.name: masks})
    assert (size.pixels, size.masks, size.sam) == (180 * 90, 7, 0)
    size = size_of(views, [middle, first], **{last.name: masks})
    assert (size.pixels, size.masks, size.sam) == (180 * 90, 7, 77)
    large = [view.resized(4000, 2000) for view in views]
    size = size_of(large, large)
    assert (size.pixels, size.masks, size.sam) == (1536 * 768, estimate.MASKS, 77)


@pytest.mark.fault("memory: a training that would not fit")
def test_what_was_refused_has_done_nothing_and_what_is_offered_trains(
    free, tmp_path, capsys, monkeypatch
):
    scene = write_two_balls(tmp_path)
    before = sorted(scene.parent.rglob("*"))
    monkeypatch.setattr(check, "MARGIN", 1.0)  # it is as much as thirty of these views
    cloud = read_ply(scene).cloud
    nine = Size(len(cloud), cloud.row_bytes, views=9, pixels=96 * 72, masks=3, view_rays=10**6)
    monkeypatch.setattr(ViewRays, "nbytes", 10**6)
    free(ram_needed(nine, FAST, "cpu") / 1e9)
    train = ["train", str(scene), "--steps", "3", "--device", "cpu"]
    assert main(train) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "To do so: --max-views 9"
    assert sorted(scene.parent.rglob("*")) == before
    assert main([*train, "--max-views", "9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["views"] == 9
