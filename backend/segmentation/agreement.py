"""What the masks of several views agree on: from masks of pixels to sets of Gaussians.

Each mask is asked of the trained field as a click would be; what selects the same is
one candidate. A candidate is then moved onto the masks that fit it best in each view:
they vote on every Gaussian by how much it shows in them. The idea that views should
agree on a mask is that of Yan et al. 2024, MaskClustering.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp

from ..affinity.field import AffinityField
from ..affinity.ray_bank import MaskedRays, ViewRays
from ..affinity.things import SURELY, Things
from ..progress import Report, silent
from .candidates import ALIKE, Candidates, ask_field, lift_unexplained
from .mask_fit import MaskedView
from .overlap import iou
from .similarity import THRESHOLD
from .voting import Votes, vote

LEAST_AGREEMENT = 0.65  # mean IoU with the best masks of all views that show the thing
LEAST_WITHOUT_FIELD = 0.7  # the same, of what the field does not tell apart
LEAST_AT_FIRST = 0.15  # the same, of what one mask shows, before the others were heard
LEAST_VIEWS = 2  # that agree on a thing
LEAST_GAUSSIANS = 10  # that make up a thing
FITS = 0.5, 0.6  # IoU from which a mask of a view has a vote on what the field says, round by round
FITS_OF_MASKS = 0.3, 0.5  # the same on what one mask shows
LAST_FIT = 0.7  # the same at the end


def agree(
    field: AffinityField,
    bank: Sequence[ViewRays],
    fine: Iterable[MaskedRays],
    report: Report = silent,
) -> Things:
    """The things that the masks of a bank agree on, in no order.

    Args:
        field: trained on the bank.
        bank: traced views with their masks.
        fine: the same views with more pixels, which say where exactly a thing ends.
        report: told the stages.
    """
    asked = ask_field(field, bank, report)
    views = [MaskedView.of(rays, len(field.features)) for rays in bank]
    known = _agreed(views, asked, FITS, LEAST_AGREEMENT, report)
    mask_scales = [field.scale_map.to_unit(rays.mask_scales) for rays in bank]
    lifted = lift_unexplained(views, mask_scales, known.belonging, report)
    more = _agreed(views, lifted, FITS_OF_MASKS, LEAST_AT_FIRST, report)
    candidates = sp.hstack([known.belonging, more.belonging], "csc")
    scales = np.concatenate([known.scales, more.scales])
    fine_views = (MaskedView.of(rays, len(field.features)) for rays in fine)
    votes = vote(fine_views, len(bank), candidates, LAST_FIT, report)
    counts = len(known.scales), len(more.scales)
    least = np.repeat([LEAST_AGREEMENT, LEAST_WITHOUT_FIELD], counts)
    kept = _worth_keeping(votes, least)
    in_bytes = votes.belonging[:, kept]
    in_bytes.data = np.round(in_bytes.data * SURELY).astype(np.uint8)
    return Things(in_bytes, scales[kept], votes.agreement[kept].astype(np.float64))


def _agreed(
    views: Sequence[MaskedView],
    candidates: Candidates,
    fits: Sequence[float],
    least_agreement: float,
    report: Report,
) -> Candidates:
    """Those worth keeping after rounds of votes, one from each of some least fits."""
    for least_fit in fits:
        votes = vote(views, len(views), candidates.belonging, least_fit, report)
        kept = _worth_keeping(votes, least_agreement)
        candidates = Candidates(votes.belonging[:, kept], candidates.scales[kept])
    return candidates


def _worth_keeping(votes: Votes, least_agreement: float | np.ndarray) -> np.ndarray:
    """Indices of the candidates that views agree on, the best of those that are alike."""
    selected = (votes.belonging > THRESHOLD).astype(np.float32)
    sizes = selected.sum(axis=0)
    good = (votes.agreement >= least_agreement) & (votes.views >= LEAST_VIEWS)
    good &= sizes >= LEAST_GAUSSIANS
    shared = (selected.T @ selected).toarray()
    alike = iou(shared, sizes[:, None], sizes)
    kept: list[int] = []
    for k in np.argsort(-votes.agreement, kind="stable"):
        if good[k] and alike[k, kept].max(initial=0) < ALIKE:
            kept.append(k)
    return np.sort(np.array(kept, np.int64))
