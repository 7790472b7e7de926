"""One view of the splats, sorted and blended: drawn aside, slice by slice, then shown."""

import time
from dataclasses import dataclass

import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from .gaussians import back_to_front
from .shaders import picture_shader, splat_shader
from .splats import World, texture

_SLICE = 50_000  # Gaussians drawn between two looks at the clock
_CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1))


class Exposure:
    """The splats as seen from one place, hidden by what else is in the scene; a picture to be."""

    def __init__(self, world: World, view_projection, size: tuple[int, int]) -> None:
        """Sort. Call it while the viewport is being drawn: it takes a copy of its depth."""
        self._world, self._view_projection, self._size = world, view_projection, size
        depth = gpu.state.active_framebuffer_get().read_depth(0, 0, *size)
        depth.dimensions = size[0] * size[1]
        self._depth = gpu.types.GPUTexture(size, format="R32F", data=depth)
        order = back_to_front(world.heads, np.array(view_projection))
        self._count, self._drawn = len(order), 0
        self._order = texture(order.astype(np.float32)[:, None, None])
        self._colors, self._target = _canvas(size, "RGBA16F")
        with self._target.bind():
            self._target.clear(color=(0, 0, 0, 0))

    @property
    def finished(self) -> bool:
        return self._drawn == self._count

    def draw(self, budget_s: float) -> None:
        """Draw on for about that long; a graphics card finishes in one go."""
        shader = splat_shader()
        quad = batch_for_shader(shader, "TRI_STRIP", {"corner": _CORNERS})
        deadline = time.perf_counter() + budget_s
        with self._target.bind():
            gpu.state.blend_set("ALPHA_PREMULT")
            gpu.state.depth_test_set("NONE")
            while not self.finished and time.perf_counter() < deadline:
                count = min(_SLICE, self._count - self._drawn)
                shader.uniform_float("view_projection", self._view_projection)
                shader.uniform_float("size", self._size)
                shader.uniform_int("first", self._drawn)
                shader.uniform_sampler("gaussians", self._world.texture)
                shader.uniform_sampler("order", self._order)
                shader.uniform_sampler("scene_depth", self._depth)
                quad.draw_instanced(shader, instance_count=count)
                self._drawn += count
                self._target.read_color(0, 0, 1, 1, 4, 0, "FLOAT")  # waits until it is drawn
            gpu.state.blend_set("NONE")

    def developed(self) -> "Picture":
        """The picture, once finished."""
        colors, target = _canvas(self._size, "SRGB8_A8")  # what the viewport keeps them as too
        with target.bind():
            _lay(self._colors, picture_shader(of_light=False))
        return Picture(colors)


@dataclass(frozen=True)
class Picture:
    """The splats as seen from one place: all that is kept of it, and quickly shown."""

    colors: gpu.types.GPUTexture  # premultiplied

    def show(self) -> None:
        """Lay it over the viewport that is being drawn."""
        gpu.state.blend_set("ALPHA_PREMULT")
        _lay(self.colors, picture_shader(of_light=True))
        gpu.state.blend_set("NONE")


def _canvas(
    size: tuple[int, int], format: str
) -> tuple[gpu.types.GPUTexture, gpu.types.GPUFrameBuffer]:
    """What can be drawn on; a GPUOffScreen would take away the framebuffer being drawn into."""
    colors = gpu.types.GPUTexture(size, format=format)
    return colors, gpu.types.GPUFrameBuffer(color_slots=colors)


def _lay(colors: gpu.types.GPUTexture, shader: gpu.types.GPUShader) -> None:
    """Draw a texture over a framebuffer of its size."""
    shader.uniform_sampler("picture", colors)
    batch_for_shader(shader, "TRI_STRIP", {"corner": _CORNERS}).draw(shader)
