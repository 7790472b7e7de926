"""The training loss of SAGA on the sampled pixels of one view (Eq. 8-13, A.1)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .correspondence import SampledPixels, identity_vectors, mask_correspondence
from .pair_kernels import HARD_NEGATIVE, HARD_POSITIVE, pair_coefficients_cpu


@dataclass(frozen=True)
class PairSets:
    """The three sets of pixel pairs of A.1, each [P, P] boolean, a pair (i, j) at i < j only."""

    inconsistent: Tensor  # corresponds at some of the sampled scales only
    positive: Tensor  # corresponds at all of them
    negative: Tensor  # corresponds at none of them


def pair_loss(
    features: Tensor,  # [P, D] rendered F(p), Eq. 10
    gates: Tensor,  # [S, D]
    pixels: SampledPixels,
    seed: int | None,  # of the resampling; None takes all pairs
) -> Tensor:
    """The two pair terms of Eq. 13, a pair's loss averaged over the sampled scales.

    Its value is exact and so is its gradient, but the pairs stay out of the
    autograd graph: the terms are linear in the similarities of the pairs that
    count, so the matrix of their coefficients A says everything, and the
    gradient by the unit features u of a scale is (A + A^T) u.
    """
    gated = F.normalize(gates[:, None, :] * features[None], dim=-1)  # [S, P, D]
    with torch.no_grad():
        similarity = gated @ gated.transpose(1, 2)  # Eq. 8
        coefficients_of = pair_coefficients_cpu if gated.is_cpu else pair_coefficients
        loss, coefficients = coefficients_of(similarity, pixels, seed)
        gradient = coefficients @ gated + coefficients.transpose(1, 2) @ gated
    surrogate = (gradient * gated).sum()  # its value is twice the loss, its gradient is the loss's
    return surrogate - surrogate.detach() + loss


def norm_loss(features: Tensor) -> Tensor:
    """How far rendered features [P, D] are from unit length, averaged (Eq. 11)."""
    return (1.0 - features.norm(dim=-1)).mean()


def pair_coefficients(
    similarity: Tensor, pixels: SampledPixels, seed: int | None
) -> tuple[Tensor, Tensor]:
    """The loss of all pairs of pixels, and how it depends on each pair's similarity.

    `pair_coefficients_cpu` does the same without what lies in between.

    Args:
        similarity: [S, P, P] feature correspondence (Eq. 8).
        pixels: P pixels at S scales.
        seed: of the resampling; None takes all pairs.

    Returns:
        The loss, and its derivatives [S, P, P] by the similarities above the diagonal.
    """
    membership, mask_scales, areas, scales = (
        torch.from_numpy(array).to(similarity.device)
        for array in (
            pixels.membership, pixels.mask_scales, pixels.mean_mask_areas, pixels.scales
        )
    )  # fmt: skip
    correspondence = mask_correspondence(identity_vectors(membership, mask_scales, scales))
    pairs = split_pairs(correspondence)
    positive, negative = pairs.positive, pairs.negative
    if seed is not None:
        generator = torch.Generator(similarity.device).manual_seed(seed)
        positive, negative = resample(pairs, similarity, generator)
    shares = _mean_share(pairs.inconsistent | positive) + _mean_share(pairs.inconsistent | negative)
    pair = pair_weights(areas) * shares / len(scales)
    signed = torch.where(correspondence, -pair, pair).mul_(similarity > 0)  # Eq. 9
    return (signed * similarity).sum(), signed


def split_pairs(correspondence: Tensor) -> PairSets:
    """Sort pairs by how their mask correspondence, [S, P, P] boolean, depends on scale (A.1)."""
    once = torch.ones_like(correspondence[0]).triu(diagonal=1)
    somewhere, everywhere = correspondence.any(dim=0), correspondence.all(dim=0)
    return PairSets(somewhere & ~everywhere & once, everywhere & once, ~somewhere & once)


def resample(
    pairs: PairSets, similarity: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw phi(Q_pos) and phi(Q_neg): half as many as are inconsistent, and the hard ones (A.1).

    Args:
        pairs: the sets to draw from.
        similarity: [S, P, P] feature correspondence (Eq. 8); hard at any sampled scale is hard.
        generator: on the device of the pairs.

    Returns:
        Two [P, P] boolean tensors, subsets of the positive and the negative set.
    """
    count = int(pairs.inconsistent.sum()) // 2
    positive = _draw(pairs.positive, count, generator)
    negative = _draw(pairs.negative, count, generator)
    positive |= pairs.positive & (similarity.amin(dim=0) < HARD_POSITIVE)
    negative |= pairs.negative & (similarity.amax(dim=0) > HARD_NEGATIVE)
    return positive, negative


def pair_weights(mean_mask_area: Tensor) -> Tensor:
    """Weights [P, P] in [1, 10] that keep large masks from ruling the loss (A.1).

    Args:
        mean_mask_area: [P] mean size in pixels of the masks that cover each pixel, m_p.
    """
    inverse = 1.0 / mean_mask_area
    weights = inverse[:, None] * inverse[None, :]
    low, high = weights.min(), weights.max()
    return 1.0 + 9.0 * (weights - low) / (high - low).clamp(min=torch.finfo(weights.dtype).tiny)


def _draw(pairs: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` random pairs of a set, or all of them where there are fewer."""
    members = pairs.flatten().nonzero().squeeze(1)
    order = torch.randperm(len(members), generator=generator, device=pairs.device)
    drawn = torch.zeros(pairs.numel(), dtype=torch.bool, device=pairs.device)
    drawn[members[order[:count]]] = True
    return drawn.view_as(pairs)


def _mean_share(members: Tensor) -> Tensor:
    """1 / size of a set of pairs, for its members."""
    return members / members.sum().clamp(min=1)
