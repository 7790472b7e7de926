"""The rasterizer on CUDA: gsplat 1.5.3 behind our interface.

gsplat's kernels cap alpha at 0.999 where the CPU's cap is 0.99, so nearly
opaque Gaussians weigh up to 0.9% more in front and hide more behind.
"""

import numpy as np

from ..cameras.camera import Camera
from ..gaussians.cloud import GaussianCloud
from .gsplat_code import load_gsplat
from .rasterizer import RayContributions, RenderedView, require_inside, require_one_per_gaussian

TILE = 16  # pixels along the side of a tile
GSPLAT_MAX_ALPHA = 0.999


class GsplatRasterizer:
    """A `Rasterizer` of one cloud on a CUDA device.

    Raises:
        MissingSoftware: gsplat, its compiled code or the device is not there.
    """

    note = ""

    def __init__(self, cloud: GaussianCloud, device: str = "cuda") -> None:
        self._gsplat, self._torch = load_gsplat()
        self._device = device
        self._means, self._quats, self._scales, self._opacities, self._sh = map(
            self._tensor, (cloud.means, cloud.rotations, cloud.scales, cloud.opacities, cloud.sh)
        )
        self._sh_degree = cloud.sh_degree

    def render(self, camera: Camera, values: np.ndarray | None = None) -> RenderedView:
        """Blend per-Gaussian values (float32 [N, C]) over a view; None means colour from SH."""
        if values is not None:
            require_one_per_gaussian(values, len(self._means))
        channels = 3 if values is None else values.shape[1]
        if len(self._means) == 0:  # gsplat divides by the number of Gaussians
            shape = camera.height, camera.width
            return RenderedView(
                np.zeros((*shape, channels), np.float32), *np.zeros((2, *shape), np.float32)
            )
        with self._torch.inference_mode():
            picture, alpha, _ = self._gsplat.rasterization(
                means=self._means,
                quats=self._quats,
                scales=self._scales,
                opacities=self._opacities,
                colors=self._sh if values is None else self._tensor(values),
                sh_degree=self._sh_degree if values is None else None,
                viewmats=self._tensor(camera.world_to_camera)[None],
                Ks=self._tensor(camera.K)[None],
                width=camera.width,
                height=camera.height,
                render_mode="RGB+ED",
                packed=True,
            )
        picture, alpha = picture[0].cpu().numpy(), alpha[0, ..., 0].cpu().numpy()
        return RenderedView(picture[..., :-1], picture[..., -1], alpha)

    def trace(
        self, camera: Camera, pixels: np.ndarray, present: np.ndarray | None = None
    ) -> RayContributions:
        """List the Gaussians behind pixels, integer [P, 2] as (column, row) inside the image.

        As if only those `present` (boolean [N]) were there; None is all.

        Raises:
            BadInput: a pixel lies outside the image.
        """
        pixels = np.asarray(pixels, np.int64).reshape(-1, 2)
        require_inside(pixels, camera)
        with self._torch.inference_mode():
            some = len(self._means) and len(pixels)
            rays = self._rays(camera, pixels, present) if some else None
        if rays is None:
            return RayContributions(
                np.zeros(len(pixels) + 1, np.int64),
                np.empty(0, np.int32),
                np.empty(0, np.float32),
                np.zeros(len(pixels), np.float32),
            )
        return gather_rays(pixels @ [1, camera.width], *rays)

    def _rays(
        self, camera: Camera, pixels: np.ndarray, present: np.ndarray | None
    ) -> tuple[np.ndarray, ...] | None:
        """Pixel id (row * width + column, ascending), Gaussian, weight and z of all contributions.

        None when no Gaussian is in view.
        """
        gsplat, width, height = self._gsplat, camera.width, camera.height
        opacities = self._opacities  # what has none is left out of view
        if present is not None:
            opacities = opacities * self._tensor(present)
        _, _, gaussians, radii, means2d, z, conics, _ = gsplat.fully_fused_projection(
            self._means, None, self._quats, self._scales,
            self._tensor(camera.world_to_camera)[None], self._tensor(camera.K)[None],
            width, height, packed=True, opacities=opacities,
        )  # fmt: skip
        if len(gaussians) == 0:  # gsplat divides by their number
            return None
        # rasterize_to_indices_in_range takes unpacked arrays only: one image, of visible ones.
        opacities = opacities[gaussians]
        tiles = -(-width // TILE), -(-height // TILE)
        _, isect_ids, flatten_ids = gsplat.isect_tiles(
            means2d[None], radii[None], z[None], TILE, *tiles
        )
        offsets = gsplat.isect_offset_encode(isect_ids, 1, *tiles)
        # A ray that begins without transmittance ends at once: only the asked pixels are listed.
        transmittances = self._torch.zeros((1, height, width), device=self._device)
        transmittances[0, pixels[:, 1], pixels[:, 0]] = 1
        splats, pixel_ids, _ = gsplat.rasterize_to_indices_in_range(
            0, len(flatten_ids) // TILE**2 + 1, transmittances,
            means2d[None], conics[None], opacities[None],
            width, height, TILE, offsets, flatten_ids,
        )  # fmt: skip
        weights = blending_weights(
            means2d[splats], conics[splats], opacities[splats], pixel_ids, width
        )
        entries = pixel_ids, gaussians[splats], weights, z[splats]
        return tuple(entry.cpu().numpy() for entry in entries)

    def _tensor(self, array: np.ndarray):
        """The array as contiguous float32 on the device."""
        return self._torch.tensor(np.ascontiguousarray(array, np.float32), device=self._device)


def blending_weights(means2d, conics, opacities, pixel_ids, width: int):
    """alpha_i * T_i of contributions (Eq. 4), torch tensors on any device.

    Args:
        means2d, conics, opacities: [E, 2], [E, 3] (xx, xy, yy) and [E], of each contribution.
        pixel_ids: [E] row * width + column, ascending; front to back within a pixel.
        width: of the image.

    Returns:
        [E] float32.
    """
    dx = pixel_ids % width + 0.5 - means2d[:, 0]
    dy = pixel_ids // width + 0.5 - means2d[:, 1]
    power = 0.5 * (conics[:, 0] * dx * dx + conics[:, 2] * dy * dy) + conics[:, 1] * dx * dy
    alphas = (opacities * (-power).exp()).clamp(max=GSPLAT_MAX_ALPHA)
    # A running product within each pixel, as a difference of running sums of logarithms.
    steps = (-alphas).double().log1p()
    before = steps.cumsum(0) - steps
    _, counts = pixel_ids.unique_consecutive(return_counts=True)
    first = (counts.cumsum(0) - counts).repeat_interleave(counts)
    return alphas * (before - before[first]).exp().float()


def gather_rays(
    asked: np.ndarray,
    pixel_ids: np.ndarray,
    gaussians: np.ndarray,
    weights: np.ndarray,
    z: np.ndarray,
) -> RayContributions:
    """Contributions in the order in which their pixels were asked for.

    Args:
        asked: [P] pixel ids in any order, repetitions allowed.
        pixel_ids: [E] ascending.
        gaussians, weights, z: [E] of each contribution.
    """
    first, last = np.searchsorted(pixel_ids, asked), np.searchsorted(pixel_ids, asked, "right")
    offsets = np.concatenate([[0], np.cumsum(last - first)])
    ray = np.repeat(np.arange(len(asked)), last - first)
    entry = np.arange(offsets[-1]) + (first - offsets[:-1])[ray]
    weights, z = weights[entry], z[entry]
    total = np.bincount(ray, weights, len(asked))
    depth = np.bincount(ray, weights * z, len(asked)) / np.where(total > 0, total, 1)
    return RayContributions(
        offsets, gaussians[entry].astype(np.int32), weights, depth.astype(np.float32)
    )
