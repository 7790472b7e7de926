"""JSON from strangers: what real files hold is read, what only fills the memory is refused."""

import json
import tracemalloc

import pytest

from backend.json_text import SLACK, TIMES, parse_json

SIZE = 5 << 20


@pytest.mark.parametrize(
    "unit",
    ["[],", "[[0]],", "{},", '{"":0},', '{"a":[],"b":0},', "1.5,", "1000,", '"ab",', '"ä",'],
)
@pytest.mark.parametrize("begins", ["[", '["\N{GRINNING FACE}",'])
def test_nothing_takes_more_than_ten_times_its_size(unit, begins):
    text = begins + unit * (SIZE // len(unit)) + "0]"
    tracemalloc.start()
    try:
        parse_json(text)
    except ValueError as refusal:
        assert "more brackets" in str(refusal)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= TIMES * len(text.encode()) + SLACK


def test_many_cameras_as_trainers_write_them_are_read():
    camera = {"id": 0, "img_name": "DSCF0656", "width": 1959, "height": 1090, "fx": 1159.58}
    camera |= {"position": [-3.0089, -0.1108, -3.7527], "fy": 1164.66}
    camera["rotation"] = [[0.8761, 0.0692, 0.4770], [-0.0409, 0.9967, -0.0694], [0.4, 0.04, 0.87]]
    text = json.dumps([camera] * 20_000)
    assert len(parse_json(text)) == 20_000


def test_a_tower_is_refused():
    with pytest.raises(ValueError, match="too deep"):
        parse_json("[" * 20_000)
