"""Votes of masks on candidates, on views small enough to count, and which candidates are kept."""

import numpy as np
import pytest
import scipy.sparse as sp

from backend.segmentation.agreement import LEAST_AGREEMENT, _worth_keeping
from backend.segmentation.mask_fit import MaskedView
from backend.segmentation.voting import Votes, vote


def test_a_gaussian_belongs_by_how_much_of_it_the_mask_shows(monkeypatch):
    """Twenty pixels, a mask over the first ten, which Gaussian 0 fills; two more lie across it."""
    monkeypatch.setattr("backend.segmentation.voting.TOGETHER", 2)  # of four views
    weights = np.zeros((20, 5))
    weights[:10, 0] = 0.8
    weights[9:19, 1] = weights[8:18, 2] = 0.1  # a tenth, and two tenths of it in the mask
    weights[0, 3] = weights[19, 4] = 0.01  # hardly seen in all views together
    mask = (np.arange(20) < 10).astype(float)
    view = MaskedView(sp.csr_array(weights), sp.csr_array(mask[:, None]))
    elsewhere = MaskedView(sp.csr_array(weights), sp.csr_array(1 - mask[:, None]))
    glimpse = MaskedView(sp.csr_array(weights[:2]), sp.csr_array(mask[:2, None]))
    candidate = sp.csc_array(np.float32([[1], [0], [0], [0], [0.9]]))
    votes = vote([view] * 4 + [elsewhere, glimpse], 6, candidate, 0.5)
    assert votes.views.tolist() == [4] and votes.agreement == pytest.approx([4 / 5])
    # Half of a Gaussian is worth 0.75, so two tenths are 0.3; what is below 0.25 is not noted.
    assert votes.belonging.toarray().ravel() == pytest.approx([1, 0, 0.3, 0, 0.9])


@pytest.mark.parametrize(
    ("pixels", "shown", "judged"),
    [(100, 2, False), (100, 3, True), (20_000, 3, False), (20_000, 4, True)],
)
def test_a_view_that_shows_next_to_nothing_of_a_set_does_not_judge_it(pixels, shown, judged):
    """Each pixel shows a Gaussian of its own, and the mask the set."""
    some = sp.csr_array((np.arange(pixels) < shown).astype(np.float32)[:, None])
    view = MaskedView(sp.eye_array(pixels, format="csr", dtype=np.float32), some)
    assert view.fits(some) == (1 if judged else -1)


def test_the_best_of_those_alike_is_kept_where_enough_views_agree_on_enough_of_it():
    belonging = np.zeros((80, 7), np.float32)
    belonging[:40, 0] = belonging[:39, 1] = 1  # alike
    belonging[:32, 2] = 1  # 0.8 of the first: not alike
    belonging[40:50, 3] = belonging[50:59, 4] = 1  # ten Gaussians, and nine
    belonging[60:70, 5] = belonging[70:80, 6] = 1
    agreement = np.array([0.8, 0.9, 0.7, 0.66, 1.0, 1.0, 0.64])
    views = np.array([3, 3, 3, 2, 3, 1, 3])
    votes = Votes(sp.csc_array(belonging), agreement, views)
    assert _worth_keeping(votes, LEAST_AGREEMENT).tolist() == [1, 2, 3]
