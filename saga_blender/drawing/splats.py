"""The splats of a scene on the graphics card: as points, object by object, and as ellipses."""

from dataclasses import dataclass

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..point_cloud import read
from ..splat_object import BASE, ROTATION, SCALE, hidden, selection
from .gaussians import PREVIEW_COLOR, TEXELS, display_colors, records, sample
from .shaders import ROW, point_shader

_POINTS = 300_000  # drawn of one object while the view moves
_PREVIEW_POINTS = 60_000
_LARGEST_POINT = 6.0  # pixels


def draws_itself(data: bpy.types.PointCloud) -> bool:
    """Whether Blender shows the Gaussians (5.3 and later), so that we only show the selection."""
    return getattr(data, "type", "POINTS") == "GAUSSIAN_SPLAT"


def point_batch(data: bpy.types.PointCloud) -> gpu.types.GPUBatch | None:
    """Some Gaussians of an object as points of their colour and size, in the object's frame.

    None where there are none to be shown.
    """
    selected = selection(data)
    shown = np.flatnonzero(~hidden(data))
    rows = shown[sample(len(shown), _POINTS)]
    if draws_itself(data):
        rows = np.flatnonzero(selected)
    scales = read(data.attributes[SCALE])[rows]
    tones = np.empty((len(scales), 4), np.float32)
    tones[:, :3] = display_colors(read(data.attributes[BASE])[rows], selected[rows])
    tones[:, 3] = np.cbrt(scales.prod(axis=1)) * np.sqrt(max(1, len(selected) / _POINTS))
    return _points(read(data.attributes["position"])[rows], tones)


@dataclass(frozen=True)
class Spots:
    """Where the Gaussians of an object are and how far they reach, to colour some of them soon."""

    spheres: np.ndarray  # [N, 4] centre and reach, of flat ones too: without gaps

    @classmethod
    def of(cls, data: bpy.types.PointCloud) -> "Spots":
        reaches = read(data.attributes[SCALE]).max(axis=1)
        return cls(np.column_stack((read(data.attributes["position"]), reaches)))

    def batch(self, chosen: np.ndarray) -> gpu.types.GPUBatch | None:
        """Some of those where `chosen` (boolean [N]) holds, as points of one colour, or None."""
        rows = np.flatnonzero(chosen)
        shown = self.spheres[rows[sample(len(rows), _PREVIEW_POINTS)]]
        tones = np.empty_like(shown)
        tones[:, :3] = PREVIEW_COLOR
        tones[:, 3] = shown[:, 3] * np.sqrt(max(1, len(rows) / _PREVIEW_POINTS))
        return _points(shown[:, :3].copy(), tones)


def _points(positions: np.ndarray, tones: np.ndarray) -> gpu.types.GPUBatch | None:
    if not len(positions):
        return None  # Blender makes no batch of nothing
    return batch_for_shader(point_shader(), "POINTS", {"position": positions, "tone": tones})


def draw_points(batch: gpu.types.GPUBatch | None, frame, view, opacity: float) -> None:
    """Draw points into the viewport, hidden by what is in front of them.

    Args:
        batch: of `point_batch` or `Spots`.
        frame: the object's matrix_world.
        view: the RegionView3D.
        opacity: 1 hides what is behind them.
    """
    if batch is None:
        return
    shader = point_shader()
    shader.uniform_float("projection", view.perspective_matrix @ frame)
    height = gpu.state.viewport_get()[3]
    size = view.window_matrix[1][1] * height / 2 * frame.median_scale
    shader.uniform_float("pixels", (size, _LARGEST_POINT))
    shader.uniform_float("opacity", opacity)
    writes_depth = gpu.state.depth_mask_get()
    gpu.state.program_point_size_set(True)
    gpu.state.depth_test_set("LESS_EQUAL")
    gpu.state.depth_mask_set(opacity == 1)
    gpu.state.blend_set("ALPHA_PREMULT")
    batch.draw(shader)
    gpu.state.blend_set("NONE")
    gpu.state.depth_mask_set(writes_depth)
    gpu.state.depth_test_set("NONE")
    gpu.state.program_point_size_set(False)


class World:
    """The Gaussians of several objects in one texture, so that they sort among each other."""

    def __init__(self, objects: list[bpy.types.Object]) -> None:
        """Objects as evaluated, with modifiers."""
        texels = np.concatenate([_object_records(obj) for obj in objects])
        self.heads = texels[:, 0].copy()  # for sorting
        self.texture = texture(texels.reshape(len(texels), TEXELS, 4))


def _object_records(obj: bpy.types.Object) -> np.ndarray:
    data = obj.data
    base = read(data.attributes[BASE])
    base[hidden(data), 3] = 0
    return records(
        *(read(data.attributes[name]) for name in ("position", SCALE, ROTATION)),
        base[:, 3],
        display_colors(base, selection(data)),
        np.array(obj.matrix_world),
    )


def texture(values: np.ndarray) -> gpu.types.GPUTexture:
    """Values [N, T, C] of float32 (C 1 or 4), T texels to each element, ROW elements to a line."""
    count, texels, channels = values.shape
    lines = max(1, -(-count // ROW))
    padded = np.zeros((lines * ROW, texels, channels), np.float32)
    padded[:count] = values
    buffer = gpu.types.Buffer("FLOAT", padded.size, padded.reshape(-1))
    return gpu.types.GPUTexture(
        (ROW * texels, lines), format="RGBA32F" if channels == 4 else "R32F", data=buffer
    )
