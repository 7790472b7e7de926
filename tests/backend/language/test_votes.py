"""Which masks speak for a thing."""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from backend.affinity.ray_bank import build_ray_bank
from backend.language.votes import choose_votes
from backend.rendering import make_rasterizer


def test_the_largest_masks_of_a_thing_speak_for_it(panels, monkeypatch):
    monkeypatch.setattr("backend.language.votes.MOST_VOTES", 2)
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    bank = build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0))
    bank = [
        replace(rays, mask_areas=size * rays.mask_areas, mask_index=10 + rays.mask_index)
        for rays, size in zip(bank, (3, 1, 2), strict=True)
    ]
    bank[0].membership[:, 2] = True  # in the first view there is no mask of the last panel
    votes = choose_votes(bank, sp.csr_array(np.eye(3, dtype=bool)[panels.objects]))
    assert votes.view.tolist() == [0, 0, 1, 2, 2, 2]
    assert votes.thing.tolist() == [0, 1, 2, 0, 1, 2]
    assert votes.mask.tolist() == [14, 11, 12, 14, 11, 12]  # of the first panel it is the last one
