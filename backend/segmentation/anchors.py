"""What queries select of a sample of the Gaussians: enough to say which are alike (A.3)."""

import numpy as np
import torch

from ..affinity.field import AffinityField
from ..progress import Report, silent
from ..sampling import random_share
from .similarity import THRESHOLD

ANCHOR_SHARE = 0.01  # of the Gaussians are anchors, as in the paper
MIN_ANCHORS = 16_384  # but so many where there are that many, for the small things
_QUERIES = 256  # handled at once


def choose_anchors(field: AffinityField, rng: np.random.Generator) -> np.ndarray:
    """Indices of the anchor Gaussians, sorted: a uniform sample of those with a feature."""
    return random_share(field.known, ANCHOR_SHARE, MIN_ANCHORS, rng)


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
    for start in range(0, len(features), _QUERIES):
        report("Selecting with each mask", start / len(features))
        block = slice(start, start + _QUERIES)
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
