"""Identity vectors and mask correspondence against the paper's words, pixel by pixel."""

import numpy as np
import pytest
import torch

from backend.affinity.correspondence import identity_vectors, mask_correspondence


def literal_identity(covers: list[bool], mask_scales: list[float], s: float) -> list[bool]:
    """Eq. 6 for one pixel, as it is written."""
    vector = []
    for i, scale_i in enumerate(mask_scales):
        between = [j for j, scale_j in enumerate(mask_scales) if s <= scale_j < scale_i]
        alone = all(not covers[j] for j in between)
        vector.append(covers[i] if scale_i < s or alone else False)
    return vector


@pytest.mark.parametrize("seed", range(200))
def test_identity_vectors_equal_the_double_loop(seed):
    rng = np.random.default_rng(seed)
    pixels, masks = rng.integers(1, 12), rng.integers(0, 9)
    membership = rng.random((pixels, masks)) < rng.choice([0.1, 0.5, 0.9])
    # Few distinct values, so that masks tie with one another and with s.
    mask_scales = rng.choice([0.0, 0.2, 0.5, 0.7, 1.0], masks)
    scales = rng.choice([0.0, 0.2, 0.35, 0.7, 1.0], 4)
    ours = identity_vectors(
        torch.from_numpy(membership), torch.from_numpy(mask_scales), torch.from_numpy(scales)
    )
    literal = [
        [literal_identity(row.tolist(), mask_scales.tolist(), s) for row in membership]
        for s in scales
    ]
    assert ours.tolist() == np.array(literal, dtype=bool).reshape(ours.shape).tolist()


def test_correspondence_grows_with_scale_from_part_to_whole():
    # Pixels 0, 1 on the handle of a mug, 2 on its body, 3 on the table.
    handle, mug = [1, 1, 0, 0], [1, 1, 1, 0]
    membership = torch.tensor([handle, mug]).T.bool()
    identities = identity_vectors(membership, torch.tensor([0.2, 0.6]), torch.tensor([0.1, 0.3]))
    small, large = mask_correspondence(identities).int().tolist()
    assert small == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert large == [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]


def test_pixels_under_no_mask_correspond_to_nothing_not_to_everything():
    # Eq. 7 as printed ("greater than or equal to 0") would make every pair correspond.
    identities = torch.zeros(1, 3, 2, dtype=torch.bool)
    assert not mask_correspondence(identities).any()
