"""Lines over the viewport, in its pixels: a box or a stroke that is drawn, the rim of the brush."""

from math import cos, pi, sin

import gpu
from gpu_extras.batch import batch_for_shader

_COLOR = (1.0, 1.0, 1.0, 0.9)
_SHADE = (0.0, 0.0, 0.0, 0.6)  # beside it, to be seen on white too

Place = tuple[float, float]


def box(corner: Place, opposite: Place) -> list[Place]:
    """The line around a rectangle."""
    (left, bottom), (right, top) = corner, opposite
    return [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]


def circle(centre: Place, radius: float) -> list[Place]:
    """The line around a circle."""
    turns = [2 * pi * k / 48 for k in range(49)]
    return [(centre[0] + radius * cos(a), centre[1] + radius * sin(a)) for a in turns]


def draw(places: list[Place]) -> None:
    """Draw a line."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    for color, aside in ((_SHADE, 1), (_COLOR, 0)):
        moved = [(x + aside, y - aside) for x, y in places]
        shader.uniform_float("color", color)
        batch_for_shader(shader, "LINE_STRIP", {"pos": moved}).draw(shader)
    gpu.state.blend_set("NONE")
