"""What a box is drawn around, where a smaller and a larger thing fill it."""

import numpy as np
import pytest
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.rendering.rasterizer import RayContributions
from backend.segmentation.box import SIDE, fit_box

BEYOND = 20  # pixels around the box, of which the larger thing takes four


def one_gaussian_each(first: int, count: int) -> RayContributions:
    """Pixels that show nothing but a Gaussian of their own."""
    ones = np.ones(count, np.float32)
    return RayContributions(np.arange(count + 1), first + np.arange(count), ones, ones)


def field_of(small: np.ndarray, large: np.ndarray) -> AffinityField:
    """At scale 0 one thing is told from all else, at scale 1 the other."""
    one_hot = np.hstack([np.eye(2)[small.astype(int)], np.eye(2)[large.astype(int)]])
    gate = ScaleGate(4)
    at_small = torch.tensor([1.0, 1, -1, -1])
    gate.load_state_dict({"weight": -80 * at_small, "bias": 40 * at_small})
    return AffinityField(torch.from_numpy(one_hot).float(), gate, ScaleMap.fit(np.ones(1)))


COLUMN, ROW = np.meshgrid(range(SIDE), range(SIDE))
STRIPE = abs(COLUMN - 5.5) < 4  # 8 of 12 columns
CROSS = (abs(COLUMN - 5.5) < 2) | (abs(ROW - 5.5) < 2)  # reaches all edges and fills 80 of 144


@pytest.mark.parametrize(
    ("small", "outside_share", "scale"),
    [
        # What runs out of the box by 4 pixels scores 1 / (1 + 4 * share).
        (STRIPE, 1 / 16, 1.0),  # 2/3 by its reach < 0.8
        (STRIPE, 1 / 4, 0.0),  # 2/3 > 0.5
        (CROSS, 1 / 16, 0.0),  # 1, of which nothing lies outside, > 0.8
    ],
    ids=["reaches", "runs out much", "runs out a little"],
)
def test_wanted_is_what_reaches_the_edges_of_the_box_and_no_farther(small, outside_share, scale):
    large = np.arange(BEYOND) < 4
    field = field_of(
        np.append(small.ravel(), np.zeros(BEYOND, bool)),
        np.append(np.ones(SIDE * SIDE, bool), large),
    )
    inside = one_gaussian_each(0, SIDE * SIDE)
    beyond = field.features[SIDE * SIDE :]
    found = fit_box(field, inside, beyond, outside_share, np.array([1.0, 0.0]))
    assert found.scale == scale
    assert small.ravel()[found.traced.gaussians].all()
