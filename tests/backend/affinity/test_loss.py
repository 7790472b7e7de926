"""Every term of Eq. 8-13 and A.1 against loops over pairs, in float64."""

import numpy as np
import pytest
import torch

from backend.affinity.correspondence import (
    SampledPixels,
    identity_vectors,
    mask_correspondence,
)
from backend.affinity.loss import (
    PairSets,
    norm_loss,
    pair_coefficients,
    pair_loss,
    pair_weights,
    resample,
    split_pairs,
)
from backend.affinity.pair_kernels import (
    EASY_POSITIVE,
    INCONSISTENT,
    NEGATIVE,
    POSITIVE,
    draw_easy,
    identity_bits,
    pair_coefficients_cpu,
    sort_pairs,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def similarities(features, gates):
    """Corr_f of every scale and pair (Eq. 5, 8)."""
    gated = [torch.nn.functional.normalize(gate * features, dim=-1) for gate in gates]
    return torch.stack([g @ g.T for g in gated])


def random_case(pixels=9, scales=3, dim=5, masks=7, seed=0):
    """Features, gates, and pixels under nested and overlapping masks, some of equal scale."""
    g = generator(seed)
    features = torch.randn(pixels, dim, generator=g) * 0.3
    gates = torch.rand(scales, dim, generator=g)
    rng = np.random.default_rng(seed)
    sampled = SampledPixels(
        membership=rng.random((pixels, masks)) < 0.4,
        mask_scales=rng.integers(0, 6, masks).astype(np.float32) / 5,
        mean_mask_areas=rng.uniform(1, 100, pixels).astype(np.float32),
        scales=np.sort(rng.random(scales)).astype(np.float32),
    )
    return features, gates, sampled


def correspondence_of(sampled):
    arrays = sampled.membership, sampled.mask_scales, sampled.scales
    return mask_correspondence(identity_vectors(*map(torch.from_numpy, arrays)))


def test_pairs_split_by_how_they_depend_on_scale():
    correspondence = torch.stack(
        [
            torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1]]).bool(),
            torch.tensor([[1, 1, 0], [1, 1, 0], [1, 1, 1]]).bool(),
        ]
    )
    sets = split_pairs(correspondence)
    assert sets.positive.nonzero().tolist() == [[0, 1]]
    assert sets.negative.nonzero().tolist() == [[0, 2]]
    assert sets.inconsistent.nonzero().tolist() == [[1, 2]]


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


def same_gradients(ours, literal, by):
    for mine, theirs in zip(
        torch.autograd.grad(ours, by), torch.autograd.grad(literal, by), strict=True
    ):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def drawn_by_kernels(similarity, sampled, seed):
    """The positive and negative sets that the compiled loss takes."""
    bits = identity_bits(sampled.membership, sampled.mask_scales, sampled.scales)
    kinds, counts = sort_pairs(bits, similarity.numpy())
    draw_easy(kinds, counts, counts[INCONSISTENT] // 2, np.random.default_rng(seed))
    return torch.from_numpy(kinds == POSITIVE), torch.from_numpy(kinds == NEGATIVE)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("resampled", [True, False])
def test_full_loss_and_its_gradients_equal_the_literal_sum(seed, resampled):
    features, gates, sampled = random_case(seed=seed)
    correspondence, cosines = correspondence_of(sampled), similarities(features, gates)
    sets = split_pairs(correspondence)
    drawn = (
        drawn_by_kernels(cosines, sampled, seed) if resampled else (sets.positive, sets.negative)
    )
    features.requires_grad_()
    gates.requires_grad_()
    ours = pair_loss(features, gates, sampled, seed if resampled else None) + norm_loss(features)
    weights = pair_weights(torch.from_numpy(sampled.mean_mask_areas))
    literal = literal_loss(features, gates, correspondence, weights, drawn)
    assert ours.item() == pytest.approx(literal.item(), abs=1e-5)
    same_gradients(ours, literal, (features, gates))


@pytest.mark.parametrize("masks", [7, 150])  # bits of one word, and of three
def test_compiled_pairs_equal_those_of_tensors(masks):
    features, gates, sampled = random_case(pixels=60, masks=masks, seed=1)
    cosines, sets = similarities(features, gates), split_pairs(correspondence_of(sampled))
    half = int(sets.inconsistent.sum()) // 2
    hard = resample(
        PairSets(torch.zeros_like(sets.inconsistent), sets.positive, sets.negative),
        cosines,
        generator(),
    )  # no inconsistent pairs: none are drawn
    for ours, members, always in zip(
        drawn_by_kernels(cosines, sampled, 0), (sets.positive, sets.negative), hard, strict=True
    ):
        assert not (ours & ~members).any() and not (always & ~ours).any()
        assert min(half, int(members.sum())) <= int(ours.sum()) <= half + int(always.sum())
    tensors = pair_coefficients(cosines, sampled, None)
    compiled = pair_coefficients_cpu(cosines.clone(), sampled, None)
    assert compiled[0] == pytest.approx(float(tensors[0]), rel=1e-5)
    torch.testing.assert_close(compiled[1], tensors[1])


def test_compiled_draw_is_fair_and_exact():
    kinds = np.triu(np.full((40, 40), EASY_POSITIVE, np.uint8), 1)
    counts = np.bincount(kinds.ravel(), minlength=6)
    drawn = np.zeros(kinds.shape)
    for seed in range(400):
        copy = kinds.copy()
        draw_easy(copy, counts.copy(), 195, np.random.default_rng(seed))
        assert (copy == POSITIVE).sum() == 195  # a quarter of the 780
        drawn += copy == POSITIVE
    chances = drawn[np.triu_indices(40, 1)] / 400
    assert chances.mean() == 0.25 and chances.std() == pytest.approx(
        np.sqrt(0.25 * 0.75 / 400), rel=0.1
    )


def two_pixels(together):
    """Two pixels under one mask, or each under its own."""
    membership = np.array([[True, False], [together, not together]])
    return SampledPixels(membership, *(np.ones(n, np.float32) for n in (2, 2, 1)))


def test_gradient_pulls_partners_together_and_pushes_others_apart():
    features = torch.tensor([[1.0, 0.2], [0.2, 1.0]], requires_grad=True)
    gates = torch.ones(1, 2)
    for together in (True, False):
        before = similarities(features, gates)[0, 0, 1]
        loss = pair_loss(features, gates, two_pixels(together), None)
        (gradient,) = torch.autograd.grad(loss, features)
        after = similarities(features - 0.01 * gradient, gates)[0, 0, 1]
        assert (after > before) == together


def test_one_pixel_is_no_error():
    sampled = SampledPixels(np.ones((1, 1), bool), *(np.ones(n, np.float32) for n in (1, 1, 2)))
    assert float(pair_loss(torch.ones(1, 4) / 2, torch.ones(2, 4), sampled, 0)) == 0.0
