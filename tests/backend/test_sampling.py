"""Some of many: evenly spread, or at random."""

import numpy as np

from backend.sampling import random_share, strided


def test_a_stride_takes_no_more_than_asked_for_and_no_less_than_half_of_it():
    for count in range(40):
        taken = range(count)[strided(count, 5)]
        assert len(taken) == count if count <= 5 else 3 <= len(taken) <= 5
    assert list(range(11)[strided(11, 5)]) == [0, 3, 6, 9]


def test_a_random_share_is_no_smaller_than_the_least_where_there_is_as_much():
    rng = np.random.default_rng(0)
    for count, expected in ((3, 3), (50, 20), (4000, 40)):
        index = 7 * np.arange(count)
        taken = random_share(index, 0.01, 20, rng)
        assert len(taken) == expected and (np.diff(taken) > 0).all() and np.isin(taken, index).all()
