"""A rasterizer on a GPU that gives way to the one on the CPU when the GPU's memory is full."""

from collections.abc import Callable

import numpy as np

from ..cameras.camera import Camera
from ..gaussians.cloud import GaussianCloud
from ..memory.fallback import Fallback
from .numba_rasterizer import NumbaRasterizer
from .rasterizer import Rasterizer, RayContributions, RenderedView


class WhileItFits:
    """A `Rasterizer` of one cloud. A view is not cut into chunks: all its Gaussians are sorted."""

    def __init__(self, cloud: GaussianCloud, on_gpu: Callable[[], Rasterizer]) -> None:
        """on_gpu makes the rasterizer that is used while it fits, and raises what that raises."""
        self._cloud = cloud
        self._make = on_gpu
        self._fallback = Fallback(self._to_cpu)
        self._rasterizer = self._fallback.run(lambda: self._make())

    @property
    def note(self) -> str:
        return self._fallback.note

    def render(self, camera: Camera, values: np.ndarray | None = None) -> RenderedView:
        """See `Rasterizer.render`."""
        return self._fallback.run(lambda: self._rasterizer.render(camera, values))

    def trace(
        self, camera: Camera, pixels: np.ndarray, present: np.ndarray | None = None
    ) -> RayContributions:
        """See `Rasterizer.trace`."""
        return self._fallback.run(lambda: self._rasterizer.trace(camera, pixels, present))

    def _to_cpu(self) -> None:
        self._make = lambda: NumbaRasterizer(self._cloud)
        self._rasterizer = self._make()
