"""Every term of Eq. 8-13 and A.1 against loops over pairs, in float64."""

import pytest
import torch

from backend.affinity.loss import (
    PairSets,
    norm_loss,
    pair_loss,
    pair_weights,
    resample,
    split_pairs,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def similarities(features, gates):
    """Corr_f of every scale and pair (Eq. 5, 8)."""
    gated = [torch.nn.functional.normalize(gate * features, dim=-1) for gate in gates]
    return torch.stack([g @ g.T for g in gated])


def random_case(pixels=9, scales=3, dim=5, seed=0):
    g = generator(seed)
    features = torch.randn(pixels, dim, generator=g, dtype=torch.float64) * 0.3
    gates = torch.rand(scales, dim, generator=g, dtype=torch.float64)
    correspondence = torch.rand(scales, pixels, pixels, generator=g) < 0.5
    areas = torch.rand(pixels, generator=g, dtype=torch.float64) * 100 + 1
    return features, gates, correspondence | correspondence.transpose(1, 2), areas


def test_pairs_split_by_how_they_depend_on_scale():
    correspondence = torch.tensor([[[1, 0, 1]], [[1, 0, 0]]]).bool()
    sets = split_pairs(correspondence)
    assert sets.positive.int().tolist() == [[1, 0, 0]]
    assert sets.negative.int().tolist() == [[0, 1, 0]]
    assert sets.inconsistent.int().tolist() == [[0, 0, 1]]


def test_weights_hand_computed():
    # 1/m = 1, 1/2: products 1, 1/2, 1/4 -> normalised to 10, 4, 1.
    assert pair_weights(torch.tensor([1.0, 2.0])).tolist() == [[10, 4], [4, 1]]


def test_equal_mask_sizes_weigh_one_not_nan():
    assert pair_weights(torch.full((3,), 7.0)).tolist() == [[1.0] * 3] * 3


def test_resampling_draws_half_of_the_inconsistent_and_every_hard_pair():
    size = 40
    kind = torch.randint(0, 3, (size, size), generator=generator(1))
    sets = PairSets(kind == 0, kind == 1, kind == 2)
    easy = torch.where(sets.positive, 0.9, 0.1)[None]
    positive, negative = resample(sets, easy, generator())
    half = int(sets.inconsistent.sum()) // 2
    assert int(positive.sum()) == half and not (positive & ~sets.positive).any()
    assert int(negative.sum()) == half and not (negative & ~sets.negative).any()
    again = resample(sets, easy, generator())
    other = resample(sets, easy, generator(5))
    assert torch.equal(positive, again[0]) and not torch.equal(positive, other[0])

    hard = torch.where(sets.positive, 0.74, 0.51)[None]
    positive, negative = resample(sets, torch.cat([easy, hard]), generator())
    assert torch.equal(positive, sets.positive) and torch.equal(negative, sets.negative)


def test_no_inconsistent_pairs_leaves_only_the_hard_ones():
    sets = PairSets(*(torch.tensor([[value] * 4]) for value in (False, True, False)))
    similarity = torch.tensor([[[0.9, 0.7, 0.76, -1.0]]])
    positive, negative = resample(sets, similarity, generator())
    assert positive.int().tolist() == [[0, 1, 0, 1]]
    assert not negative.any()


def literal_loss(features, gates, correspondence, weights, drawn):
    """Eq. 13 as a sum over pairs, scales averaged; differentiable."""
    pixels, scales = len(features), len(gates)
    sets, (positive, negative) = split_pairs(correspondence), drawn

    def pair(i, j):
        total = 0.0
        for s in range(scales):
            a, b = gates[s] * features[i], gates[s] * features[j]
            cosine = a @ b / (a.norm() * b.norm())
            total += (1 - 2 * int(correspondence[s, i, j])) * cosine.clamp(min=0)
        return weights[i, j] * total / scales

    loss = sum(1 - f.norm() for f in features) / pixels
    for drawn_set in (positive, negative):
        members = (sets.inconsistent | drawn_set).nonzero().tolist()
        loss = loss + sum(pair(i, j) for i, j in members) / max(len(members), 1)
    return loss


@pytest.mark.parametrize("seed", range(5))
def test_full_loss_and_its_gradients_equal_the_literal_sum(seed):
    features, gates, correspondence, areas = random_case(seed=seed)
    weights = pair_weights(areas)
    drawn = resample(split_pairs(correspondence), similarities(features, gates), generator(seed))
    features.requires_grad_()
    gates.requires_grad_()
    ours = pair_loss(features, gates, correspondence, weights, generator(seed))
    ours = ours + norm_loss(features)
    literal = literal_loss(features, gates, correspondence, weights, drawn)
    assert ours.item() == pytest.approx(literal.item(), abs=1e-6)
    for mine, theirs in zip(
        torch.autograd.grad(ours, (features, gates)),
        torch.autograd.grad(literal, (features, gates)),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


def test_gradient_pulls_partners_together_and_pushes_others_apart():
    features = torch.tensor([[1.0, 0.2], [0.2, 1.0]], requires_grad=True)
    gates = torch.ones(1, 2)
    weights = torch.ones(2, 2)
    for together in (True, False):
        correspondence = torch.tensor([[[True, together], [together, True]]])
        before = similarities(features, gates)[0, 0, 1]
        (gradient,) = torch.autograd.grad(
            pair_loss(features, gates, correspondence, weights, generator()), features
        )
        after = similarities(features - 0.01 * gradient, gates)[0, 0, 1]
        assert (after > before) == together


def test_one_pixel_is_no_error():
    loss = pair_loss(
        torch.ones(1, 4) / 2,
        torch.ones(2, 4),
        torch.ones(2, 1, 1).bool(),
        torch.ones(1, 1),
        generator(),
    )
    assert float(loss) == pytest.approx(0.0)
