"""Some of many, evenly spread."""

from backend.sampling import strided


def test_a_stride_takes_no_more_than_asked_for_and_no_less_than_half_of_it():
    for count in range(40):
        taken = range(count)[strided(count, 5)]
        assert len(taken) == count if count <= 5 else 3 <= len(taken) <= 5
    assert list(range(11)[strided(11, 5)]) == [0, 3, 6, 9]
