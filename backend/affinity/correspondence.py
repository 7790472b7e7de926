"""Which pixels belong together at which scale: identities and correspondence (Eq. 6-7)."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class SampledPixels:
    """What the masks say of the pixels of a step, at the scales of a step."""

    membership: np.ndarray  # [P, M] boolean, whether a pixel lies in a mask
    mask_scales: np.ndarray  # [M] float32 in [0, 1]
    mean_mask_areas: np.ndarray  # [P] float32, m_p of A.1
    scales: np.ndarray  # [S] float32 in [0, 1]


def identity_vectors(membership: Tensor, mask_scales: Tensor, scales: Tensor) -> Tensor:
    """Scale-aware pixel identity vectors V(s, p) (Eq. 6).

    A pixel keeps all its masks smaller than s; of those at least as large as s
    only the smallest (masks of equal scale tie and stay together).

    Args:
        membership: [P, M] boolean, M_i(p).
        mask_scales: [M], in the same unit as scales; any order.
        scales: [S].

    Returns:
        [S, P, M] boolean.
    """
    smaller = mask_scales[None, :] < scales[:, None]  # [S, M]
    infinite = torch.full_like(mask_scales, torch.inf)
    at_least = torch.where(smaller, infinite, mask_scales)  # [S, M], inf where s_i < s
    # The smallest covering mask of scale >= s, per scale and pixel.
    covering = torch.where(membership[None], at_least[:, None, :], torch.inf)  # [S, P, M]
    smallest = F.pad(covering, (0, 1), value=torch.inf).amin(dim=-1, keepdim=True)
    return membership[None] & (smaller[:, None, :] | (covering == smallest))


def mask_correspondence(identities: Tensor) -> Tensor:
    """Corr_m(s, p1, p2): 1 where two pixels share a mask at scale s (Eq. 7).

    The paper's indicator says ">= 0", which would always hold; "> 0" is meant.

    Args:
        identities: [S, P, M] boolean.

    Returns:
        [S, P, P] boolean.
    """
    vectors = identities.float()
    return vectors @ vectors.transpose(1, 2) > 0
