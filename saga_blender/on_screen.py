"""What lies under a box or a brush: Gaussians projected onto the screen, with numpy alone.

A picture of who is where, drawn by the graphics card, would know one Gaussian to
a pixel and none behind it.
"""

from dataclasses import dataclass

import numpy as np

_CELL = 6.0  # pixels; what is in front is looked for in squares of that size
_OPAQUE = 0.5  # fainter Gaussians hide nothing
_THICKNESS = 3.0  # of a surface, in sizes of its Gaussians


@dataclass(frozen=True)
class OnScreen:
    """Gaussians as a viewport sees them."""

    pixels: np.ndarray  # [N, 2] from the lower left corner; NaN behind the eye
    depths: np.ndarray  # [N] along the view, in units of the world
    widths: np.ndarray  # [N] of a pixel at that depth, in units of the world

    @classmethod
    def project(
        cls, means: np.ndarray, to_view: np.ndarray, projection: np.ndarray, size: tuple[int, int]
    ) -> "OnScreen":
        """Project Gaussians at `means` [N, 3].

        Args:
            to_view: [4, 4] from their frame to that of the view, which looks along -z.
            projection: [4, 4] from there to OpenGL's clip space.
            size: (width, height) of the region in pixels.
        """
        to_clip = (projection @ to_view).astype(np.float32)
        x, y, w = (means @ row[:3] + row[3] for row in to_clip[[0, 1, 3]])
        depths = -(means @ to_view[2, :3].astype(np.float32) + np.float32(to_view[2, 3]))
        w = np.where(w > 0, w, np.nan)
        pixels = np.stack([x / w + 1, y / w + 1], axis=1) * (np.array(size, np.float32) / 2)
        return cls(pixels, depths, w * np.float32(2 / (projection[1, 1] * size[1])))

    def in_box(self, corner: tuple[float, float], opposite: tuple[float, float]) -> np.ndarray:
        """Which lie in a rectangle, boolean [N]."""
        low, high = np.minimum(corner, opposite), np.maximum(corner, opposite)
        return ((self.pixels >= low) & (self.pixels <= high)).all(axis=1)

    def along(
        self, start: tuple[float, float], end: tuple[float, float], radius: float
    ) -> np.ndarray:
        """Which lie within `radius` pixels of a line, boolean [N]."""
        origin = np.array(start, np.float32)
        line = np.array(end, np.float32) - origin
        away = self.pixels - origin
        share = np.clip(away @ line / max(line @ line, np.float32(1e-6)), 0, 1)
        away -= share[:, None] * line
        return np.einsum("nk,nk->n", away, away) <= radius**2

    def in_front(self, chosen: np.ndarray, sizes: np.ndarray, opacities: np.ndarray) -> np.ndarray:
        """Those of the `chosen` (boolean [N]) that belong to the surface that is seen.

        Args:
            sizes: [N] how far each Gaussian reaches, in units of the world.
            opacities: [N].
        """
        index = np.flatnonzero(chosen)
        columns, rows = (self.pixels[index] // _CELL).astype(np.int64).T
        _, cells = np.unique(columns << 32 | rows & 0xFFFFFFFF, return_inverse=True)
        front = np.full(cells.max(initial=-1) + 1, np.inf, np.float32)
        hides = opacities[index] >= _OPAQUE
        np.minimum.at(front, cells[hides], self.depths[index][hides])
        slack = _THICKNESS * sizes[index] + 2 * _CELL * self.widths[index]
        seen = np.zeros_like(chosen)
        seen[index] = self.depths[index] <= front[cells] + slack
        return seen
