"""The masks of all views as queries of the trained field, and what they select of it (A.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from ..affinity.field import AffinityField
from ..affinity.ray_bank import MaskSource, trace_view
from ..cameras.camera import Camera
from ..errors import BadInput
from ..progress import Report, silent
from ..rendering.rasterizer import Rasterizer, RayContributions

ANCHOR_SHARE = 0.01  # of the Gaussians are anchors, as in the paper
MIN_ANCHORS = 16_384  # but so many where there are that many, for the small things
THRESHOLD = 0.75  # cosine above which an anchor is selected, that of a click
_MASKS = 256  # handled at once


@dataclass(frozen=True)
class ViewSample:
    """Pixels of a view, what the field shows there, and under which masks they lie."""

    name: str
    rendered: np.ndarray  # [P, D] float16, F(p) (Eq. 10)
    membership: np.ndarray  # [P, M_view] boolean, of the masks that were lifted


@dataclass(frozen=True)
class LiftedMasks:
    """M masks of all views: where they are, and what they ask of the field."""

    samples: tuple[ViewSample, ...]
    view: np.ndarray  # [M] int32, index into `samples`
    index: np.ndarray  # [M] int32, which of that view's masks
    area: np.ndarray  # [M] float64, pixels
    features: np.ndarray  # [M, D] float32: mean F(p) over the mask, not gated (Eq. 14)
    scales: np.ndarray  # [M] float64 in [0, 1]

    def __len__(self) -> int:
        return len(self.view)


def lift_masks(
    rasterizer: Rasterizer,
    cameras: Sequence[Camera],
    masks: MaskSource,
    field: AffinityField,
    rng: np.random.Generator,
    report: Report = silent,
) -> LiftedMasks:
    """Read what each mask covers off the trained field, at a sample of its pixels.

    Raises:
        BadInput: no mask of any view covers anything of the scene.
    """
    samples, parts = [], []
    for done, camera in enumerate(cameras):
        report("Looking at the masks", done / len(cameras), camera.name)
        view_masks = masks.read(camera.name)
        if view_masks is None or len(view_masks) == 0:
            continue
        rays = trace_view(rasterizer, camera, view_masks, rng)
        if len(rays) == 0:
            continue
        rendered = _render(field, rays.traced)
        inside = rays.membership.astype(np.float32)
        means = inside.T @ rendered / np.maximum(inside.sum(axis=0), 1)[:, None]
        scales = field.scale_map.to_unit(rays.mask_scales)
        view = np.full(len(means), len(samples), np.int32)
        parts.append((view, rays.mask_index.astype(np.int32), rays.mask_areas, means, scales))
        samples.append(ViewSample(camera.name, rendered.astype(np.float16), rays.membership))
    if not parts:
        raise BadInput(
            "None of the masks covers anything of this scene.",
            "Check that the masks and cameras belong to this splat.",
        )
    columns = zip(*parts, strict=True)
    return LiftedMasks(tuple(samples), *(np.concatenate(column) for column in columns))


def choose_anchors(field: AffinityField, rng: np.random.Generator) -> np.ndarray:
    """Indices of the anchor Gaussians, sorted: a uniform sample of those with a feature."""
    known = np.flatnonzero(field.features.abs().amax(dim=1).cpu().numpy() > 0)
    count = max(round(ANCHOR_SHARE * len(known)), min(MIN_ANCHORS, len(known)))
    return np.sort(rng.choice(known, count, replace=False))


def selected_anchors(
    field: AffinityField,
    anchors: np.ndarray,
    features: np.ndarray,
    scales: np.ndarray,
    report: Report = silent,
) -> np.ndarray:
    """Which anchors each query selects at its own scale: bits, uint8 [M, ceil(A / 8)].

    Args:
        field: trained.
        anchors: [A] indices of Gaussians.
        features: [M, D] queries, not gated.
        scales: [M] in [0, 1].
        report: called often.
    """
    rows = field.features[torch.from_numpy(anchors).to(field.features.device)]
    bits = np.empty((len(features), -(-len(anchors) // 8)), np.uint8)
    for start in range(0, len(features), _MASKS):
        report("Selecting with each mask", start / len(features))
        block = slice(start, start + _MASKS)
        alike = cosines(field, rows, features[block], scales[block]) > THRESHOLD
        bits[block] = np.packbits(alike, axis=1)
    return bits


def cosines(
    field: AffinityField, rows: torch.Tensor, queries: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """Gated cosines of features [A, D] with queries [B, D], each at its own scale: [B, A] (Eq. 8).

    As in `segmentation.similarity`, the gate enters squared.
    """
    device = field.features.device
    with torch.no_grad():
        squared = field.gate(torch.from_numpy(np.float32(scales)).to(device)) ** 2
    query = torch.from_numpy(queries).to(device)
    weighted = squared * query
    norms = (weighted * query).sum(dim=1, keepdim=True) * (squared @ (rows**2).T)
    return ((weighted @ rows.T) / norms.sqrt().clamp(min=1e-12)).cpu().numpy()


def _render(field: AffinityField, traced: RayContributions) -> np.ndarray:
    """F(p) [P, D] float32 of traced pixels (Eq. 10)."""
    device = field.features.device
    index, first = (
        torch.from_numpy(array).to(device).long() for array in (traced.gaussians, traced.offsets)
    )
    share = torch.from_numpy(traced.weights).to(device)
    summed = embedding_bag(
        index, field.features, first, mode="sum", per_sample_weights=share, include_last_offset=True
    )
    return summed.cpu().numpy()
