"""gsplat's compiled kernels where they cannot run: its own references in torch, and literal loops.

Everything of gsplat's Python runs as it is, with its checks of shapes; the kernels' checks of
device, layout and types are made here.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from torch import Tensor

LEAST_ALPHA, MOST_ALPHA, LEAST_TRANSMITTANCE = 1 / 255, 0.999, 1e-4
PINHOLE = "the kernels' pinhole camera"


@contextmanager
def pretend_gsplat() -> Iterator[None]:
    """gsplat's compiled code is there, for as long as this lasts."""
    made = (
        projection_ewa_3dgs_packed_fwd,
        spherical_harmonics_fwd,
        intersect_tile,
        intersect_offset,
        rasterize_to_pixels_3dgs_fwd,
        rasterize_to_indices_3dgs,
    )
    kernels = SimpleNamespace(
        CameraModelType=SimpleNamespace(PINHOLE=PINHOLE),
        PINHOLE=PINHOLE,
        **{kernel.__name__: _kernel(kernel) for kernel in made},
    )
    compiled = SimpleNamespace(_C=kernels)  # by importing the real one, where there is a compiler
    with mock.patch.dict(sys.modules, {"gsplat.cuda._backend": compiled}):
        yield


def _kernel(computed: Callable) -> Callable:
    """A kernel on the device of what is computed on the CPU from tensors in the layout it reads."""

    @wraps(computed)
    def run(*args):
        for arg in args:
            if isinstance(arg, Tensor):
                assert arg.is_cuda and arg.is_contiguous(), computed.__name__
                assert arg.dtype in (torch.float32, torch.int32, torch.int64, torch.bool)
        result = computed(*(arg.cpu() if isinstance(arg, Tensor) else arg for arg in args))
        return (
            result.to("cuda")
            if isinstance(result, Tensor)
            else tuple(tensor.to("cuda") for tensor in result)
        )

    return run


def projection_ewa_3dgs_packed_fwd(
    means, covars, quats, scales, opacities, viewmats, intrinsics, width, height,
    eps2d, near_plane, far_plane, radius_clip, calc_compensations, camera_model,
):  # fmt: skip
    """What is in view of one camera: as gsplat's reference, packed."""
    from gsplat.cuda._torch_impl import _fully_fused_projection, _quat_scale_to_covar_preci

    assert covars is None and radius_clip == 0 and not calc_compensations
    assert camera_model is PINHOLE
    covars, _ = _quat_scale_to_covar_preci(quats, scales, compute_preci=False)
    radii, means2d, z, conics, _ = _fully_fused_projection(
        means, covars, viewmats, intrinsics, width, height, eps2d, near_plane, far_plane
    )
    seen = (radii[0] > 0).all(dim=-1) & (opacities >= LEAST_ALPHA)
    ids = seen.nonzero().squeeze(1)
    first = torch.zeros_like(ids)
    pointers = torch.tensor([0, len(ids)], dtype=torch.int32)
    entries = (array[0, ids] for array in (radii, means2d, z, conics))
    return pointers, first, first, ids, *entries, torch.empty(0)


def spherical_harmonics_fwd(degree, directions, coefficients, masks):
    """As gsplat's reference."""
    from gsplat.cuda._torch_impl import _spherical_harmonics

    assert masks is None or masks.all()
    return _spherical_harmonics(degree, directions, coefficients)


def intersect_tile(
    means2d, radii, z, image_ids, gaussian_ids, images, tile, columns, rows, is_sorted, segmented
):
    """As gsplat's reference; packed ones are of the only image."""
    from gsplat.cuda._torch_impl import _isect_tiles

    assert radii.dtype == torch.int32 and images == 1 and is_sorted and not segmented
    packed = means2d.dim() == 2
    if packed:
        assert image_ids.dtype == gaussian_ids.dtype == torch.int64
    arrays = (array[None] if packed else array for array in (means2d, radii, z))
    counts, ids, flat = _isect_tiles(*arrays, tile, columns, rows)
    return counts.reshape(z.shape), ids, flat


def intersect_offset(ids, images, columns, rows):
    """As gsplat's reference."""
    from gsplat.cuda._torch_impl import _isect_offset_encode

    assert ids.dtype == torch.int64
    return _isect_offset_encode(ids, images, columns, rows)


def rasterize_to_pixels_3dgs_fwd(
    means2d, conics, colors, opacities, backgrounds, masks, width, height, tile, offsets, flat
):
    """Blended values and alpha of each pixel."""
    assert backgrounds is None and masks is None
    picture = np.zeros((1, height, width, colors.shape[-1]), np.float32)
    alphas = np.zeros((1, height, width, 1), np.float32)
    full = np.ones((height, width), np.float32)
    for (row, column), seen, weights in _contributions(
        full, means2d, conics, opacities, tile, offsets, flat
    ):
        picture[0, row, column] = weights @ colors.numpy()[seen]
        alphas[0, row, column] = weights.sum()
    last = torch.zeros((1, height, width), dtype=torch.int32)
    return torch.from_numpy(picture), torch.from_numpy(alphas), last


def rasterize_to_indices_3dgs(
    first, end, transmittances, means2d, conics, opacities, width, height, tile, offsets, flat
):
    """Gaussian and pixel of each contribution, row by row, front to back."""
    longest = np.diff([*offsets.flatten().tolist(), len(flat)]).max()
    assert first == 0 and end * tile**2 >= longest and transmittances.dtype == torch.float32
    gaussians, pixels = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for (row, column), seen, _ in _contributions(
        transmittances[0].numpy(), means2d[0], conics[0], opacities[0], tile, offsets, flat
    ):
        gaussians.append(seen)
        pixels.append(np.full(len(seen), row * width + column))
    return tuple(torch.from_numpy(np.concatenate(ids)) for ids in (gaussians, pixels))


def _contributions(transmittances: np.ndarray, means2d, conics, opacities, tile, offsets, flat):
    """(row, column) of each pixel, the Gaussians that count there and their weights (Eq. 4).

    Args:
        transmittances: [H, W] that rays begin with.
        means2d, conics, opacities: [N, 2], [N, 3] and [N] of one image.
        tile: pixels along its side.
        offsets: int32 [1, rows, columns] of the tiles' lists in `flat`.
        flat: int32 [E] Gaussians, tile by tile, front to back.
    """
    assert offsets.dtype == flat.dtype == torch.int32
    ends = np.append(offsets.numpy().ravel()[1:], len(flat)).reshape(offsets.shape[1:])
    means2d, conics, opacities, flat = (a.numpy() for a in (means2d, conics, opacities, flat))
    for (row, column), transmittance in np.ndenumerate(transmittances):
        tile_at = row // tile, column // tile
        listed = flat[offsets[(0, *tile_at)] : ends[tile_at]]
        x, y = (means2d[listed] - [column + 0.5, row + 0.5]).T
        xx, xy, yy = conics[listed].T
        power = 0.5 * (xx * x * x + yy * y * y) + xy * x * y
        alphas = np.minimum(opacities[listed] * np.exp(-power), MOST_ALPHA)
        counts = (power >= 0) & (alphas >= LEAST_ALPHA)
        listed, alphas = listed[counts], alphas[counts]
        after = transmittance * np.cumprod(1 - alphas)
        done = int(np.argmax(np.append(after, 0) <= LEAST_TRANSMITTANCE))  # and what ends it is out
        before = np.append(transmittance, after)[:done]
        yield (row, column), listed[:done].astype(np.int64), alphas[:done] * before
