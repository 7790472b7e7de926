"""Tries the engine out: `python -m backend.warm_up [SIGN]`.

The first use of a fresh installation, and of each update, compiles for some seconds;
this is that first use. It also shows that what was installed works, and on which device.
The sign is a file that is touched when all went well.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch

from .affinity.ray_bank import trace_view
from .affinity.recipes import recipe_named
from .affinity.trainer import Trainer
from .cameras.camera import Camera
from .engine import Engine
from .gaussians.cloud import GaussianCloud
from .masks import sam  # noqa: F401  imports what makes masks
from .masks.view_masks import ViewMasks
from .rendering.numba_rasterizer import NumbaRasterizer
from .segmentation.agreement import agree
from .segmentation.similarity import similarity


def warm_up() -> str:
    """Render, train and select three Gaussians; returns what was found, in a sentence."""
    zeros = np.zeros((3, 4), np.float32)
    cloud = GaussianCloud(
        zeros[:, :3], zeros + 1, zeros[:, :3] - 3, zeros[:, 0], zeros[:, None, :3]
    )
    behind = np.eye(4)
    behind[2, 3] = 3
    camera = Camera("", 16, 16, 16.0, 16.0, 8.0, 8.0, behind)
    rasterizer = NumbaRasterizer(cloud)
    rasterizer.render(camera)
    mask = ViewMasks.pack(np.ones((1, camera.height, camera.width), bool), np.ones(1))
    rays = trace_view(rasterizer, camera, mask, np.random.default_rng(0))
    field = Trainer(cloud.means, [rays], recipe_named("fast", len(cloud), steps=1)).run()
    agree(field, [rays], [rays])
    similarity(field, field.features[0], 0.5)
    return f"The engine works: PyTorch {torch.__version__} on {Engine().device}."


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # whoever waits for something else comes first
    print(warm_up())
    for sign in sys.argv[1:]:
        Path(sign).touch()
