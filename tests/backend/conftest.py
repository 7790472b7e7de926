"""A scene small enough to train in a test: three flat panels, the first of two parts."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from pretend_gpu import pretend_gpu
from pretend_gsplat import pretend_gsplat

from backend.cameras.camera import Camera
from backend.gaussians.cloud import GaussianCloud
from backend.masks.view_masks import ViewMasks
from backend.rendering import make_rasterizer

# Tests run as the engine does: waiting OpenMP threads sleep, and no model is downloaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

HAS_GPU = torch.cuda.is_available()
SIDE = 20  # Gaussians along an edge of a panel


@dataclass(frozen=True)
class Panels:
    """Panels at z = 0, one unit square each, seen from z = -3."""

    cloud: GaussianCloud
    objects: np.ndarray  # [N] panel of each Gaussian, 0 to 2
    parts: np.ndarray  # [N] the same, but 3 for the lower half of panel 0
    cameras: list[Camera]
    masks: dict[str, ViewMasks]

    def read(self, view_name: str) -> ViewMasks | None:
        """As a mask store does."""
        return self.masks.get(view_name)


def _camera(name: str, x: float) -> Camera:
    world_to_camera = np.eye(4)
    world_to_camera[:3, 3] = [-x, 0, 3]
    return Camera(name, 96, 48, 60.0, 60.0, 48.0, 24.0, world_to_camera)


@pytest.fixture(scope="session")
def panels() -> Panels:
    rng = np.random.default_rng(0)
    grid = (np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1) + 0.5).reshape(-1, 2) / SIDE
    xy = np.concatenate([grid + np.array([left, -0.5]) for left in (-1.8, -0.5, 0.8)])
    count = len(xy)
    objects = np.repeat([0, 1, 2], SIDE * SIDE)
    parts = np.where((objects == 0) & (xy[:, 1] > 0), 3, objects)
    cloud = GaussianCloud(
        means=np.column_stack([xy, rng.normal(0, 0.005, count)]).astype(np.float32),
        quats=np.tile(np.float32([1, 0, 0, 0]), (count, 1)),
        log_scales=np.full((count, 3), np.log(0.6 / SIDE), np.float32),
        opacity_logits=np.full(count, 3.0, np.float32),
        sh=rng.normal(size=(count, 1, 3)).astype(np.float32),
    )
    cameras = [_camera(f"{i}.png", x) for i, x in enumerate((-0.4, 0.0, 0.4))]
    rasterizer = make_rasterizer(cloud, "cpu")
    masks = {}
    for camera in cameras:
        share = rasterizer.render(camera, np.eye(4, dtype=np.float32)[parts]).values
        seen = share.argmax(-1)
        seen[share.sum(-1) < 0.5] = -1
        per_part = [seen == part for part in range(4)]
        whole = [per_part[0] | per_part[3]]
        masks[camera.name] = ViewMasks.pack(np.stack(per_part + whole), np.ones(5))
    return Panels(cloud, objects, parts, cameras, masks)


@pytest.fixture
def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views are made up in a second, for tests that do not ask how good they are."""
    monkeypatch.setattr("backend.cameras.made_up.TRACED", (16, 8, 8))
    monkeypatch.setattr("backend.cameras.made_up.AIMS", 200)


@pytest.fixture
def pretended_gpu() -> Iterator[None]:
    """A CUDA device that is none, without compiled code."""
    with pretend_gpu():
        yield


@pytest.fixture
def gpu() -> Iterator[None]:
    """A CUDA device: this computer's, or what stands in for one."""
    with nullcontext() if HAS_GPU else pretend_gpu():
        yield


@pytest.fixture
def gsplat_on_gpu(gpu: None) -> Iterator[None]:
    """That device, and gsplat's kernels: compiled, or what stands in for them."""
    with nullcontext() if HAS_GPU else pretend_gsplat():
        yield
