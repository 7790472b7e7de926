"""What a box is drawn around, where a smaller and a larger thing fill it."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.affinity.things import Things
from backend.rendering.rasterizer import RayContributions
from backend.segmentation.box import SIDE, Box, fit_box
from backend.segmentation.thing_tree import ThingTree

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
    beyond = one_gaussian_each(SIDE * SIDE, BEYOND)
    box = Box(inside, beyond, field.features[SIDE * SIDE :], outside_share)
    found = fit_box(field, ThingTree.of(Things.none(len(field.features))), box, None)
    assert (found.scale > 0.5) == (scale > 0.5)
    assert small.ravel()[found.traced.gaussians].all()


def test_a_thing_that_fills_the_box_is_wanted_whatever_is_similar_to_it():
    """A click on it at about its scale selects it: what is similar there has no say."""
    whole, half = np.zeros((2, SIDE * SIDE + BEYOND), bool)
    whole[: SIDE * SIDE] = True
    half[: SIDE * SIDE // 2] = True
    field = field_of(half, ~whole)  # told apart at scale 1, where the other thing is meant
    belonging = sp.csc_array(np.stack([half, whole], axis=1) * np.uint8(255))
    tree = ThingTree.of(Things(belonging, np.array([0.95, 0.6]), np.ones(2)))
    beyond = one_gaussian_each(SIDE * SIDE, BEYOND)
    box = Box(one_gaussian_each(0, SIDE * SIDE), beyond, field.features[SIDE * SIDE :], 1 / 16)
    found = fit_box(field, tree, box, None)
    clicked = tree.nearest_shown(tree.shown(found.traced), np.array([found.scale]))
    np.testing.assert_array_equal(clicked, [[1]])
