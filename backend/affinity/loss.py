"""The training loss of SAGA on the sampled pixels of one view (Eq. 8-13, A.1)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

HARD_NEGATIVE = 0.5  # a consistent negative pair above this feature correspondence is hard (A.1)
HARD_POSITIVE = 0.75  # a consistent positive pair below this one is hard (A.1)


@dataclass(frozen=True)
class PairSets:
    """The three sets of pixel pairs of A.1, each [P, P] boolean."""

    inconsistent: Tensor  # corresponds at some of the sampled scales only
    positive: Tensor  # corresponds at all of them
    negative: Tensor  # corresponds at none of them


def split_pairs(correspondence: Tensor) -> PairSets:
    """Sort pairs by how their mask correspondence, [S, P, P] boolean, depends on scale (A.1)."""
    somewhere, everywhere = correspondence.any(dim=0), correspondence.all(dim=0)
    return PairSets(somewhere & ~everywhere, everywhere, ~somewhere)


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


def _draw(pairs: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` random pairs of a set, or all of them where there are fewer."""
    members = pairs.flatten().nonzero().squeeze(1)
    order = torch.randperm(len(members), generator=generator, device=pairs.device)
    drawn = torch.zeros(pairs.numel(), dtype=torch.bool, device=pairs.device)
    drawn[members[order[:count]]] = True
    return drawn.view_as(pairs)


def pair_weights(mean_mask_area: Tensor) -> Tensor:
    """Weights [P, P] in [1, 10] that keep large masks from ruling the loss (A.1).

    Args:
        mean_mask_area: [P] mean size in pixels of the masks that cover each pixel, m_p.
    """
    inverse = 1.0 / mean_mask_area
    weights = inverse[:, None] * inverse[None, :]
    low, high = weights.min(), weights.max()
    return 1.0 + 9.0 * (weights - low) / (high - low).clamp(min=torch.finfo(weights.dtype).tiny)


def pair_loss(
    features: Tensor,  # [P, D] rendered F(p), Eq. 10
    gates: Tensor,  # [S, D]
    correspondence: Tensor,  # [S, P, P] boolean, Eq. 7
    weights: Tensor,  # [P, P], see pair_weights
    generator: torch.Generator | None,  # of the resampling; None takes all pairs
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
        pair = weights * _pair_shares(correspondence, similarity, generator)
        signed = torch.where(correspondence, -pair, pair).mul_(similarity > 0)  # Eq. 9
        gradient = (signed + signed.transpose(1, 2)) @ gated
        loss = (signed * similarity).sum()
    surrogate = (gradient * gated).sum()  # its value is twice the loss, its gradient is the loss's
    return surrogate - surrogate.detach() + loss


def norm_loss(features: Tensor) -> Tensor:
    """How far rendered features [P, D] are from unit length, averaged (Eq. 11)."""
    return (1.0 - features.norm(dim=-1)).mean()


def _pair_shares(
    correspondence: Tensor, similarity: Tensor, generator: torch.Generator | None
) -> Tensor:
    """What each pair [P, P] contributes to the two averages of Eq. 13, before its weight."""
    pairs = split_pairs(correspondence)
    positive, negative = pairs.positive, pairs.negative
    if generator is not None:
        positive, negative = resample(pairs, similarity, generator)
    shares = _mean_share(pairs.inconsistent | positive) + _mean_share(pairs.inconsistent | negative)
    return shares / len(correspondence)


def _mean_share(members: Tensor) -> Tensor:
    """1 / size of a set of pairs, for its members."""
    return members / members.sum().clamp(min=1)
