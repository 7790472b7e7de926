"""Rendering: one small interface, numba on the CPU and gsplat on CUDA behind it."""

from ..errors import BadInput
from ..gaussians.cloud import GaussianCloud
from .rasterizer import Rasterizer


def make_rasterizer(cloud: GaussianCloud, device: str) -> Rasterizer:
    """The rasterizer of a device, "cpu" or "cuda" (also "cuda:1"); loads numba or torch now.

    Raises:
        BadInput: the device is neither.
        MissingSoftware: CUDA or gsplat is not there.
    """
    if device == "cpu":
        from .numba_rasterizer import NumbaRasterizer

        return NumbaRasterizer(cloud)
    if device.split(":")[0] == "cuda":
        from .gsplat_rasterizer import GsplatRasterizer
        from .while_it_fits import WhileItFits

        return WhileItFits(cloud, lambda: GsplatRasterizer(cloud, device))
    raise BadInput(f"There is no device called {device!r}.", "Choose cpu or cuda.")
