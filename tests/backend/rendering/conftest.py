"""Awkward scenes for every rasterizer."""

from collections.abc import Callable

import numpy as np
import pytest

from backend.cameras.camera import Camera
from backend.gaussians.cloud import GaussianCloud


def _camera(width: int, height: int, fx: float, fy: float, cx: float, cy: float) -> Camera:
    """Turned and moved, so that no axis of the world is one of the camera's."""
    quat = np.array([0.9, 0.2, -0.3, 0.1])
    w, x, y, z = quat / np.linalg.norm(quat)
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    world_to_camera[:3, 3] = [0.3, -0.2, 0.5]
    return Camera("test", width, height, fx, fy, cx, cy, world_to_camera)


CAMERAS = {
    "plain": (64, 48, 60.0, 60.0, 32.0, 24.0),
    "odd size, off-centre, fx != fy": (37, 29, 40.0, 55.0, 25.5, 6.25),
    "one pixel": (1, 1, 1000.0, 1000.0, 0.5, 0.5),
    "wide": (50, 20, 12.0, 12.0, 25.0, 10.0),
}

SCALES = {"ordinary": (0.05, 0.5), "tiny": (1e-5, 1.0), "huge": (8.0, 0.5), "needles": (0.1, 2.5)}


def _scene(camera_name: str, kind: str, count: int = 400) -> tuple[GaussianCloud, Camera]:
    """A cloud of one kind before, beside, behind and close to a camera."""
    rng = np.random.default_rng(sorted(SCALES).index(kind))
    camera = _camera(*CAMERAS[camera_name])
    depth = rng.uniform(0.5, 6, count)
    depth[: count // 10] = rng.uniform(-3, 0, count // 10)  # behind
    depth[count // 10 : count // 8] = rng.choice([0.0099, 0.0101], count // 8 - count // 10)
    corners = np.array([camera.width, camera.height])
    pixels = rng.uniform(-0.4 * corners, 1.4 * corners, (count, 2))
    pixels[-count // 2 :] = rng.uniform(0, corners, (count // 2, 2))
    median, spread = SCALES[kind]
    logits = rng.normal(-2, 2, count)
    logits[count // 2 :: count // 8] = 25  # saturated
    logits[1 :: count // 8] = -25  # invisible
    logits[: count // 8] -= 3  # what is close covers all: let it not hide the rest
    cloud = GaussianCloud(
        means=camera.unproject(pixels - 0.5, depth).astype(np.float32),
        quats=rng.normal(size=(count, 4)).astype(np.float32) * 3,
        log_scales=rng.normal(np.log(median), spread, (count, 3)).astype(np.float32),
        opacity_logits=logits.astype(np.float32),
        sh=rng.normal(0, 0.4, (count, 16, 3)).astype(np.float32),
    )
    return cloud, camera


@pytest.fixture(params=[(name, kind) for name in CAMERAS for kind in SCALES], ids=" / ".join)
def scene(request: pytest.FixtureRequest) -> tuple[GaussianCloud, Camera]:
    """Every camera with every kind of cloud."""
    return _scene(*request.param)


@pytest.fixture
def make_scene() -> Callable[..., tuple[GaussianCloud, Camera]]:
    """(camera name, kind of cloud, count) -> cloud and camera."""
    return _scene
