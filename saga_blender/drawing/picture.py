"""One view of the splats, sorted and blended: drawn aside, slice by slice, then shown."""

import time

import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from .gaussians import back_to_front
from .shaders import picture_shader, splat_shader
from .splats import World, texture

_SLICE = 50_000  # Gaussians drawn between two looks at the clock
_CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1))


class Picture:
    """The splats as seen from one place, hidden by what else is in the scene."""

    def __init__(self, world: World, view_projection, size: tuple[int, int]) -> None:
        """Sort. Call it while the viewport is being drawn: it takes a copy of its depth."""
        self._world, self._view_projection, self._size = world, view_projection, size
        depth = gpu.state.active_framebuffer_get().read_depth(0, 0, *size)
        depth.dimensions = size[0] * size[1]
        self._depth = gpu.types.GPUTexture(size, format="R32F", data=depth)
        order = back_to_front(world.heads, np.array(view_projection))
        self._count, self._drawn = len(order), 0
        self._order = texture(order.astype(np.float32)[:, None, None])
        self._colors = gpu.types.GPUTexture(size, format="RGBA16F")
        # Not a GPUOffScreen: to make one takes the framebuffer away that is being drawn into.
        self._target = gpu.types.GPUFrameBuffer(color_slots=self._colors)
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

    def show(self) -> None:
        """Lay it over the viewport that is being drawn."""
        shader = picture_shader()
        gpu.state.blend_set("ALPHA_PREMULT")
        shader.uniform_sampler("picture", self._colors)
        batch_for_shader(shader, "TRI_STRIP", {"corner": _CORNERS}).draw(shader)
        gpu.state.blend_set("NONE")
