"""Things within things, on a scene small enough to count: a table with a mug, and a chair."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from backend.affinity.things import Things
from backend.rendering.rasterizer import RayContributions
from backend.segmentation.pointed import next_thing_scale, things_at
from backend.segmentation.thing_tree import ThingTree

TABLE, MUG, HANDLE, CHAIR, SETTING, FLOOR = range(6)
COUNTS = {TABLE: 40, MUG: 8, HANDLE: 2, CHAIR: 30}  # Gaussians of nothing smaller
OF_FLOOR = 920
SCALES = np.array([0.6, 0.3, 0.05, 0.5, 0.8, 0.95])


def things() -> Things:
    owner = np.repeat([*COUNTS, FLOOR], [*COUNTS.values(), OF_FLOOR])
    members = [
        owner == TABLE,
        np.isin(owner, [MUG, HANDLE]),
        owner == HANDLE,
        owner == CHAIR,
        np.isin(owner, [TABLE, MUG, HANDLE]),
        owner == FLOOR,
    ]
    belonging = 255 * np.array(members, np.uint8).T
    belonging[0, TABLE] = 200  # not so surely
    return Things(sp.csc_array(belonging), SCALES, np.ones(6))


@pytest.fixture
def tree() -> ThingTree:
    return ThingTree.of(things())


def ray(*gaussians: int) -> RayContributions:
    """A pixel that shows some Gaussians alike."""
    weights = np.full(len(gaussians), 0.9 / len(gaussians), np.float32)
    return RayContributions(np.array([0, len(gaussians)]), np.array(gaussians), weights, np.ones(1))


ON_TABLE, ON_MUG, ON_HANDLE, ON_CHAIR = ray(5), ray(41), ray(48), ray(60)


def test_who_is_part_of_whom(tree):
    assert tree.parents.tolist() == [SETTING, SETTING, MUG, -1, -1, -1]
    assert tree.sizes.tolist() == [40, 10, 2, 30, 50, OF_FLOOR]


def test_what_is_nearly_all_of_a_thing_is_no_part_of_it():
    belonging = things().belonging.toarray()
    nearly = belonging[:, [MUG]].copy()
    nearly[41] = 0  # 9 of its 10
    both = sp.csc_array(np.hstack([belonging, nearly]))
    tree = ThingTree.of(Things(both, np.append(SCALES, SCALES[MUG]), np.ones(7)))
    assert tree.parents[[MUG, len(SCALES)]].tolist() == [SETTING, SETTING]


def preference(difference: float) -> float:
    return np.exp(-((difference / 0.3) ** 2) / 2)


def test_what_stands_out_is_far_smaller_than_what_it_is_part_of(tree):
    prominence = tree.prominence(0.54)
    assert prominence[MUG] == pytest.approx(np.log(50 / 10) * preference(0.2))
    assert prominence[CHAIR] == pytest.approx(np.log(1000 / 30))


@pytest.mark.parametrize(("agreement", "sureness"), [(0.4, 0), (0.75, 0.5), (1, 1)])
def test_a_larger_thing_counts_as_one_as_surely_as_views_agree_on_it(agreement, sureness):
    agreed = np.where(np.arange(6) == SETTING, agreement, 1)
    prominence = ThingTree.of(replace(things(), agreement=agreed)).prominence(0.34)
    reach = sureness * np.log(50 / 10) + (1 - sureness) * np.log(1000 / 10)
    assert prominence[MUG] == pytest.approx(reach)
    assert prominence[SETTING] == pytest.approx(sureness * np.log(1000 / 50) * preference(0.5))


def test_of_two_things_that_overlap_the_cut_has_the_one_that_stands_out():
    belonging = things().belonging.toarray()
    half_chair = np.zeros(len(belonging), np.uint8)
    half_chair[65:110] = 255  # and some of the floor
    both = Things(
        sp.csc_array(np.column_stack([belonging, half_chair])),
        np.append(SCALES, SCALES[CHAIR]),
        np.append(np.ones(6), 0.7),
    )
    beside = len(SCALES)
    assert (ThingTree.of(both).parents[[CHAIR, beside]] == -1).all()
    assert {CHAIR, beside} & {*ThingTree.of(both).cut(0.5)} == {CHAIR}
    doubted = replace(both, agreement=np.where(np.arange(7) == CHAIR, 0.6, 1))
    assert {CHAIR, beside} & {*ThingTree.of(doubted).cut(0.5)} == {beside}


def test_the_cut_is_the_best_of_all_by_trying_them(tree):
    for scale in np.linspace(0, 1, 11):
        own = tree.prominence(scale) * tree.sizes
        chosen = tree.cut(scale)
        best = own[[CHAIR, FLOOR]].sum() + max(
            own[SETTING], own[TABLE] + max(own[MUG], own[HANDLE])
        )
        assert own[chosen].sum() == pytest.approx(best)
        assert not {SETTING, TABLE} <= {*chosen} and not {MUG, HANDLE} <= {*chosen}


def test_a_mark_is_on_what_most_of_its_pixel_belongs_to(tree):
    assert tree.around(ON_HANDLE).tolist() == [HANDLE, MUG, SETTING]
    assert tree.around(ray(48, 60, 61)).tolist() == [CHAIR]
    assert tree.around(ray(48, 60)).tolist() == []


def test_a_mark_takes_the_thing_of_the_scale_or_the_object(tree):
    assert things_at(tree, [ON_HANDLE, ON_MUG], 0.1) == [HANDLE, MUG]
    assert things_at(tree, [ON_HANDLE, ON_TABLE], 0.9) == [SETTING, SETTING]
    assert things_at(tree, [ON_CHAIR, ray(48, 60)], None) == [CHAIR, None]
    (meant,) = things_at(tree, [ON_HANDLE], None)
    assert meant in tree.objects


def test_an_object_is_meant_rather_than_a_part_that_stands_out_somewhat_more():
    agreed = np.where(np.arange(6) == SETTING, 0.92, 1)
    tree = ThingTree.of(replace(things(), agreement=agreed))
    prominence = tree.prominence(0.5)
    assert SETTING in tree.objects and prominence[MUG] > 1.3 * prominence[SETTING]
    assert things_at(tree, [ON_MUG], None) == [SETTING]


def test_a_whole_of_its_parts_scale_is_found_above_it():
    # As a mug's masks measure hardly more than those of its body.
    tree = ThingTree.of(replace(things(), scales=np.full(6, 0.5)))
    assert tree.scales == pytest.approx([0.5, 0.52, 0.5, 0.5, 0.54, 0.5])
    assert [things_at(tree, [ON_HANDLE], scale)[0] for scale in (0.4, 0.6)] == [HANDLE, SETTING]


def test_what_is_not_meant_holds_nothing_that_is(tree):
    assert things_at(tree, [ON_MUG], None, apart_from=[ON_TABLE]) == [MUG]
    assert things_at(tree, [ON_TABLE], None, apart_from=[ON_TABLE]) == [None]


def test_far_from_the_scales_of_all_things_there_is_none(tree):
    assert things_at(tree, [ON_CHAIR], 0.69) == [CHAIR]
    assert things_at(tree, [ON_CHAIR, ON_CHAIR], 0.71) == [None, None]


def test_steps_go_from_thing_to_thing_and_stop_at_the_last(tree):
    around = tree.around(ON_HANDLE)
    assert next_thing_scale(tree, around, 0.05, 1) == SCALES[MUG]
    assert next_thing_scale(tree, around, SCALES[MUG], 1) == SCALES[SETTING]
    assert next_thing_scale(tree, around, SCALES[MUG], 5) == SCALES[SETTING]
    assert next_thing_scale(tree, around, SCALES[MUG], -2) == SCALES[HANDLE]
    between = np.array([HANDLE, SETTING, FLOOR]), 0.5  # at 0.05, 0.8 and 0.95
    assert next_thing_scale(tree, *between, 1) == SCALES[SETTING]
    assert next_thing_scale(tree, *between, -1) == SCALES[HANDLE]
    chair = tree.around(ON_CHAIR)
    assert next_thing_scale(tree, chair, None, -1) == 0.0  # finer than any thing
    assert next_thing_scale(tree, chair, 0.0, 1) == SCALES[CHAIR]


def test_the_threshold_says_how_surely_a_gaussian_must_belong(tree):
    assert tree.belong(TABLE, 0.75).sum() == 40
    assert tree.belong(TABLE, 0.8).sum() == tree.belong(TABLE, 1.0).sum() == 39
    assert tree.belong(TABLE, -1.0).sum() == 40  # never what has no part in it at all


def test_of_what_is_left_only_things_that_are_mostly_there_count():
    left = np.concatenate([np.arange(40, 50), np.arange(50, 60)])  # the mug, a third of the chair
    tree = ThingTree.of(things(), left)
    assert tree.sizes.tolist() == [10, 2]
    assert tree.scales.tolist() == [SCALES[MUG], SCALES[HANDLE]]


def test_a_field_without_things_points_at_none():
    tree = ThingTree.of(Things.none(100))
    assert things_at(tree, [ray(4)], 0.5) == [None] and len(tree.cut(0.5)) == 0
