"""Devices: CUDA where it is, the CPU where it is not, and no surprise in between."""

import numpy as np
import pytest
import torch

from backend.engine import Engine
from backend.errors import MissingSoftware
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.rendering.numba_rasterizer import NumbaRasterizer
from backend.scene import Scene

no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")


def test_auto_is_what_torch_finds():
    assert Engine("auto").device == ("cuda" if torch.cuda.is_available() else "cpu")
    assert Engine("cpu").device == "cpu"


@no_cuda
def test_cuda_that_is_not_there_is_refused_with_advice():
    with pytest.raises(MissingSoftware, match="cpu or auto"):
        _ = Engine("cuda").device


@no_cuda
def test_without_gsplat_rays_are_traced_on_the_cpu(tmp_path):
    one = GaussianCloud(
        means=np.zeros((1, 3), np.float32),
        quats=np.float32([[1, 0, 0, 0]]),
        log_scales=np.zeros((1, 3), np.float32),
        opacity_logits=np.zeros(1, np.float32),
        sh=np.zeros((1, 1, 3), np.float32),
    )
    write_ply(tmp_path / "one.ply", one)
    assert isinstance(Scene(tmp_path / "one.ply", "cuda").rasterizer, NumbaRasterizer)


def test_a_scene_is_read_anew_only_when_its_file_changes(tmp_path):
    path = tmp_path / "scene.ply"
    cloud = GaussianCloud(
        *(np.zeros((2, width), np.float32) for width in (3, 4, 3)),
        np.zeros(2, np.float32),
        np.zeros((2, 1, 3), np.float32),
    )
    write_ply(path, cloud)
    engine = Engine("cpu")
    first = engine.open(str(path))
    assert engine.open(str(path)) is first
    write_ply(path, cloud.subset(slice(1)))
    assert len(engine.open(str(path)).cloud) == 1
