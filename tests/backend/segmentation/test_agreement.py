"""What masks agree on: asked of a field that learned them, and of one that did so wrongly."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from backend.affinity.field import AffinityField
from backend.affinity.ray_bank import build_ray_bank
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.masks.view_masks import ViewMasks
from backend.rendering import make_rasterizer
from backend.segmentation.agreement import agree
from backend.segmentation.candidates import ask_field, lift_unexplained
from backend.segmentation.mask_fit import MaskedView
from backend.segmentation.voting import vote


@pytest.fixture(scope="module")
def bank(panels):
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    return build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0))


def field_of(features: np.ndarray, bank) -> AffinityField:
    """At small scales parts count, which are the last four numbers; at large ones objects."""
    gate = ScaleGate(features.shape[1])
    closing = torch.arange(features.shape[1]) >= 3
    gate.load_state_dict({"weight": -80.0 * closing, "bias": torch.full((len(closing),), 40.0)})
    scales = np.concatenate([rays.mask_scales for rays in bank])
    return AffinityField(torch.from_numpy(features), gate, ScaleMap.fit(scales))


@pytest.fixture
def features(panels) -> np.ndarray:
    objects, parts = np.eye(3)[panels.objects], np.eye(4)[panels.parts]
    return np.hstack([objects, 2 * parts]).astype(np.float32)


def found(things) -> np.ndarray:
    """Which Gaussians each thing takes, boolean [T, N]."""
    return things.selected(0.75).toarray().T


def test_each_part_and_each_whole_is_one_thing(panels, bank, features):
    things = agree(field_of(features, bank), bank, bank)
    parts = [panels.parts == 0, panels.parts == 3]
    wholes = [panels.objects == k for k in range(3)]
    wrong = (found(things)[:, None] != np.array(parts + wholes)).sum(axis=2)
    nearest = wrong.argmin(axis=1)
    assert sorted(nearest) == [0, 1, 2, 3, 4] and wrong.min(axis=1).max() < 10
    assert things.scales[nearest < 2].max() < things.scales[nearest >= 2].min()


def test_the_masks_outvote_what_was_learned_wrongly(panels, bank, features):
    wrong = np.flatnonzero(panels.objects == 1)[[105, 250, 333]]
    taught = features.copy()
    taught[wrong] = features[0]  # of another panel
    things = found(agree(field_of(taught, bank), bank, bank))
    (middle,) = things[things[:, panels.objects == 1].mean(axis=1) > 0.5]
    assert middle[wrong].all()


def test_what_no_ray_meets_goes_by_its_feature(panels, bank, features):
    hidden = features[panels.objects == 2][:1]
    field = field_of(np.concatenate([features, hidden]), bank)
    things = agree(field, bank, bank)
    of_panel = things.belonging.toarray()[np.flatnonzero(panels.objects == 2)].min(axis=0) > 0
    assert (things.belonging.toarray()[-1] > 0).tolist() == of_panel.tolist()


def test_a_mask_of_one_view_is_no_thing(panels, features):
    masks = dict(panels.masks)
    name = panels.cameras[0].name
    every = masks[name].unpack()
    masks[name] = ViewMasks.pack(np.concatenate([every, every.any(axis=0)[None]]), np.ones(6))
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    rng = np.random.default_rng(0)
    bank = build_ray_bank(rasterizer, panels.cameras, replace(panels, masks=masks), rng)
    assert found(agree(field_of(features, bank), bank, bank)).mean(axis=1).max() < 0.4


def test_masks_agree_though_the_field_learned_nothing(panels, bank, features):
    for nothing in (0 * features, features[:1].repeat(len(features), axis=0)):
        things = found(agree(field_of(nothing, bank), bank, bank))
        sets = [panels.parts == 0, panels.parts == 3, *(panels.objects == k for k in range(3))]
        wrong = (things[:, None] != np.array(sets)).sum(axis=2)
        assert sorted(wrong.argmin(axis=1)) == [0, 1, 2, 3, 4] and wrong.min(axis=1).max() < 20


def lacking(rays):
    """The view with one mask of all that it shows in place of that of the last panel."""
    membership = rays.membership.copy()
    membership[:, 2] = True
    return replace(rays, membership=membership)


@pytest.mark.parametrize(
    ("learned", "with_it", "without", "agreed"),
    [(True, 2, 2, True), (True, 2, 3, False), (False, 2, 1, True), (False, 2, 2, False)],
)
def test_what_was_learned_is_a_thing_with_less_agreement_than_what_was_not(
    panels, bank, features, learned, with_it, without, agreed
):
    """In a view that lacks its mask, the panel fits that of all three panels to a third.

    With the mask in two views of four agreement is 0.67, of five 0.6, of three 0.78.
    """
    views = [bank[k % 3] for k in range(with_it)]
    views += [lacking(bank[k % 3]) for k in range(without)]
    things = agree(field_of(features * learned, bank), views, views)
    panel, sets = panels.objects == 2, found(things)
    fits = (sets & panel).sum(axis=1) / (sets | panel).sum(axis=1)
    assert (fits.max() > 0.9) == agreed
    if agreed:  # what does not fit has no vote in the end
        assert (things.belonging.toarray()[~panel, fits.argmax()] > 0).mean() < 0.05


def test_only_masks_that_nothing_explains_are_looked_at_by_themselves(panels, bank):
    views = [MaskedView.of(rays, len(panels.cloud)) for rays in bank]
    wholes = sp.csr_array(np.eye(3, dtype=np.float32)[panels.objects])
    lifted, scales = lift_unexplained(views, [rays.mask_scales for rays in bank], wholes)
    lower, upper = panels.parts == 3, panels.parts == 0
    assert len(scales) == 2 * len(bank)  # both halves of the first panel in each view
    for column in lifted.toarray().T > 0:
        assert max((column & half).sum() / (column | half).sum() for half in (lower, upper)) > 0.8


def test_no_more_is_asked_than_memory_holds(panels, bank, features, monkeypatch):
    field = field_of(features, bank)
    everything, _ = ask_field(field, bank)
    monkeypatch.setattr("backend.segmentation.candidates.MOST_HELD", 0.5)
    some, scales = ask_field(field, bank)
    assert len(scales) == some.shape[1] < everything.shape[1]
    assert some[:, :-1].nnz <= 0.5 * len(features) < some.nnz


def test_a_view_that_shows_little_of_a_thing_has_little_to_say_of_it():
    one_by_one = MaskedView(sp.csr_array(np.eye(4)), sp.csr_array(np.ones((4, 1))))
    only_the_first = np.zeros((4, 4))
    only_the_first[:, 0] = 1
    half = MaskedView(sp.csr_array(only_the_first), sp.csr_array([[1.0], [1], [0], [0]]))
    votes = vote([one_by_one, half], 2, sp.csc_array(np.ones((4, 1), np.float32)), 0.3)
    assert votes.agreement == pytest.approx([(4 * 1 + 1 * 0.5) / 5])


def test_the_few_pixels_of_a_mask_that_show_what_is_far_behind_decide_nothing():
    """Four Gaussians are a thing. Two shine through its holes, one of which is seen elsewhere."""
    through, beside = np.eye(6), np.eye(6)
    through[4:] *= 0.1
    beside[5] = 0
    beside[4] *= 5
    around, corner = [[1.0]] * 6, [[1.0], *[[0.0]] * 5]
    views = [MaskedView(sp.csr_array(through), sp.csr_array(around))]
    views += [MaskedView(sp.csr_array(beside), sp.csr_array(corner))]
    thing = sp.csc_array(np.array([[1.0]] * 4 + [[0.0]] * 2, np.float32))
    votes = vote(views, 2, thing, 0.6)
    assert votes.views == [1]
    np.testing.assert_array_equal(votes.belonging.toarray()[:, 0], [1, 1, 1, 1, 0, 1])
