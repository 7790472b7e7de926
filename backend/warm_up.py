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
from .errors import MissingSoftware
from .gaussians.cloud import GaussianCloud
from .masks import sam  # noqa: F401  imports what makes masks
from .masks.view_masks import ViewMasks
from .rendering.gsplat_code import compile_gsplat
from .rendering.gsplat_rasterizer import GsplatRasterizer
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
    recipe, device = recipe_named("fast", len(cloud), steps=1), Engine().device
    for where in dict.fromkeys(("cpu", device)):
        field = Trainer(cloud.means, [rays], recipe, device=where).run()
        agree(field, [rays], [rays])
        similarity(field, field.features[0], 0.5)
    views = "" if device == "cpu" else _draw_on_gpu(cloud, camera)
    return f"The engine works: PyTorch {torch.__version__} on {device}.{views}"


def _draw_on_gpu(cloud: GaussianCloud, camera: Camera) -> str:
    """Compile what draws views on a GPU, where that can be done; returns what draws them."""
    try:
        compile_gsplat()
        rasterizer = GsplatRasterizer(cloud)
    except MissingSoftware as reason:
        return f" Views are drawn on the CPU: {reason.message}"
    rasterizer.render(camera)
    rasterizer.trace(camera, np.array([[8, 8]]))
    return " gsplat draws views there."


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # whoever waits for something else comes first
    print(warm_up())
    for sign in sys.argv[1:]:
        Path(sign).touch()
