"""Files of a few MB that are made to be slow, or to fill the memory, are read or refused."""

import json
import struct
import tracemalloc

import pytest
from readers import FRAME, TRAINER_CAMERAS, TRANSFORMS, readers
from test_fuzz import SECONDS, TIMES, timed

SIZE = 4 << 20
SLACK = 32 << 20  # bytes on top
READERS = {reader.name: reader for reader in readers()}
# A view in as few bytes as may be.
POSE = "[[1,0,0,0],[0,1,0,0],[0,0,1,0]]"
SMALL = '{"img_name":"#","width":1,"height":1,"fx":1,"fy":1,"position":[0,0,0],"rotation":'
SMALL += "[[1,0,0],[0,1,0],[0,0,1]]}"


def filled(begin: str, unit: str, end: str) -> bytes:
    """`SIZE` bytes of one and the same thing, numbered where it holds a #."""
    count = SIZE // len(unit.replace("#", "10000"))
    return (begin + "".join(unit.replace("#", str(n)) for n in range(count)) + end).encode()


def safetensors(**said: str) -> bytes:
    header = json.dumps({"__metadata__": said}).encode()
    return struct.pack("<Q", len(header)) + header


def message(facts: str) -> bytes:
    fields = f'{{"text":"","facts":{{"a":{facts}}}}}'
    said = f'{{"type":"Described","id":1,"arrays":[],"fields":{fields}}}'.encode()
    return b"SAGA" + struct.pack("<I", len(said)) + said


def counted(record: bytes) -> bytes:
    count = SIZE // len(record)
    return struct.pack("<Q", count) + record * count


EMPTY = filled("[", "[],", "0]").decode()
IMAGE = struct.pack("<I7dI", 1, 1, 0, 0, 0, 1, 2, 3, 1) + b"a" + struct.pack("<BQ", 0, 0)
CAMERA = struct.pack("<IiQQ4d", 1, 2, 64, 48, 50.0, 50.0, 32.0, 24.0)
HOSTILE = {
    "empty lists": ("cameras.json", EMPTY.encode()),
    "many cameras": ("cameras.json", filled("[", SMALL + ",", "0]")),
    "a wide matrix": (
        "dataparser_transforms.json",
        filled('{"scale":1,"transform":[', "[0],", "0]}"),
    ),
    "empty objects": ("transforms.json", filled('{"frames":[', "{},", "0]}")),
    "many frames": (
        "transforms.json",
        filled(
            '{"w":9,"h":9,"fl_x":9,"frames":[',
            '{"file_path":"#","transform_matrix":' + POSE + "},",
            "0]}",
        ),
    ),
    "much that all frames share": (
        "transforms.json",
        json.dumps(
            TRANSFORMS
            | {"frames": [FRAME | {"file_path": str(n)} for n in range(1_500)]}
            | {f"of all frames {n}": n for n in range(60_000)}
        ).encode(),
    ),
    "views made for something else": (
        "made-up views",
        json.dumps(TRAINER_CAMERAS * 8_000).encode(),
    ),
    "cameras, binary": ("COLMAP cameras.bin", counted(CAMERA)),
    "images, binary": ("COLMAP images.bin", counted(IMAGE)),
    "cameras, text": ("COLMAP cameras.txt", filled("", "# PINHOLE 9 5 8 8 4.5 2\n", "")),
    "images, text": ("COLMAP images.txt", filled("", "# 1 0 0 0 1 2 3 1 #\n\n", "")),
    "provenance": ("the model file", safetensors(format="saga-field-1", provenance=EMPTY)),
    "numbers": ("unfinished training", safetensors(key="key", numbers=EMPTY)),
    "facts": ("the protocol", message("[" + '{"":0},' * 100_000 + "0]")),
    "names of facts": ("the protocol", message("[" + '"ab",' * 100_000 + "0]")),
}


@pytest.mark.fault("a broken file: made to be slow, or to fill the memory")
@pytest.mark.parametrize(("name", "data"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_large_is_read_or_refused_in_time_and_memory(name, data, tmp_path):
    reader = READERS[name]
    path = reader.prepare(tmp_path)
    path.write_bytes(data)
    assert min(timed(reader, path) for _ in range(2)) < SECONDS
    tracemalloc.start()
    timed(reader, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < TIMES * len(data) + SLACK
