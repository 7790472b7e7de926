"""Tries the engine out: `python -m backend.warm_up`.

The first use of a fresh installation compiles for some seconds; this is that
first use. It also shows that what was installed works, and on which device.
"""

import numpy as np
import torch

from .affinity.field import AffinityField
from .affinity.scale_gate import ScaleGate
from .affinity.scale_map import ScaleMap
from .cameras.camera import Camera
from .engine import Engine
from .gaussians.cloud import GaussianCloud
from .masks import sam  # noqa: F401  imports what makes masks
from .rendering.numba_rasterizer import NumbaRasterizer
from .segmentation.similarity import similarity


def warm_up() -> str:
    """Render, trace and compare three Gaussians; returns what was found, in a sentence."""
    zeros = np.zeros((3, 4), np.float32)
    cloud = GaussianCloud(
        zeros[:, :3], zeros + 1, zeros[:, :3] - 3, zeros[:, 0], zeros[:, None, :3]
    )
    behind = np.eye(4)
    behind[2, 3] = 3
    camera = Camera("", 16, 16, 16.0, 16.0, 8.0, 8.0, behind)
    rasterizer = NumbaRasterizer(cloud)
    rasterizer.render(camera)
    rasterizer.trace(camera, np.array([[8, 8]]))
    ends = np.array([0.0, 1.0])
    field = AffinityField(torch.ones(3, 32), ScaleGate(32), ScaleMap(ends, ends))
    similarity(field, torch.ones(32), 0.5)
    return f"The engine works: PyTorch {torch.__version__} on {Engine().device}."


if __name__ == "__main__":
    print(warm_up())
