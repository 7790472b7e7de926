"""What crosses the pipe comes out as it went in; nothing else comes out at all."""

import io
import json
import os
import struct
import threading
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import errors, protocol
from backend.protocol import ProtocolError, encode, read_message, write_message
from backend.protocol.frames import MAX_ARRAY_BYTES, MAX_HEADER_BYTES

EYE = protocol.Eye((1.0, 2.0, 3.0), (1.0, 0.0, 0.0, 0.0), 800.0, (640, 480))
MESSAGES = [
    protocol.Hello(protocol=1, client="Blender"),
    protocol.Train(scene="C:\\Töpfe\\a b.ply", steps=500, max_mask_minutes=2.5),
    protocol.Train(scene=os.fsdecode(b"not-utf8-\xff.ply")),  # Linux knows such names
    protocol.Select(scene="a.ply", view="left/1.jpg", pixel=(3.5, 4.0), subset=np.arange(5)),
    protocol.Select(scene="a.ply", ray_origin=(0, 0, -1), ray_direction=(0.0, 0.1, 1.0)),
    protocol.Render(scene="a.ply", view="1", selection=np.array([True, False]), size=(640, 480)),
    protocol.Select(
        scene="a.ply",
        clicks=(protocol.Click(view="1", pixel=(1.0, 2.0)), protocol.Click(wanted=False)),
        box=(1.0, 2.0, 3.0, 4.0),
        eye=EYE,
        scale=None,
    ),
    protocol.Decompose(scene="a.ply", scales=(0.9, 0.5, 0.25)),
    protocol.Fetch("mobile_sam", "/tmp"),
    protocol.Alive(),
    protocol.AddView("a.ply", EYE),
    protocol.ForgetViews("a.ply"),
    protocol.ViewAdded(2),
    protocol.Cancel(request=7),
    protocol.Selected(np.zeros(0, np.uint8), count=0, total=0, scale=0.5, physical_scale=1.5),
    protocol.Described(text="ok", facts={"a": [1, None, {"b": True}], "c": 0.25}),
    protocol.Rendered(np.arange(24, dtype=np.uint8).reshape(2, 4, 3)),
    protocol.Failed("bad_input", "No.", "Try again."),
    protocol.Keep("a/b.ply", 10, 1_700_000_000_123_456_789, 4, np.arange(6, dtype=np.uint8)),
    protocol.Kept(10, whole=True),
    protocol.Kept(0, whole=False, newer=True),
    protocol.Bring("a/b.ply"),
    protocol.Only(protocol.joined(["a", "a/ö \udcff.ply"]), protocol.joined([])),
    protocol.Removed(3),
    protocol.Brought(np.zeros(2000, np.uint8), 10, 1),
]


def frame(header, arrays=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b"SAGA" + struct.pack("<I", len(text)) + text + arrays


def header(type="Cancel", id=1, fields=None, arrays=()):
    return {"type": type, "id": id, "fields": fields or {}, "arrays": list(arrays)}


def squeezed(shape, size, behind=b"", cut=0):
    """A frame of an array that is said to have a shape, and holds `size` zeros."""
    data = zlib.compress(bytes(size))
    data = data[: len(data) - cut] + behind
    entry = {"name": "image", "dtype": "uint8", "shape": shape, "zlib": len(data)}
    return frame(header("Rendered", arrays=[entry]), data)


def read(data):
    return read_message(io.BytesIO(data))


def assert_same(one, other):
    assert type(one) is type(other)
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, name))
        assert type(value) is type(getattr(other, name))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_round_trip(message):
    stream = io.BytesIO()
    write_message(stream, 42, message)
    stream.seek(0)
    id, back = read_message(stream)
    assert id == 42
    assert_same(back, message)
    assert read_message(stream) is None


def test_bytes_of_a_frame():
    """The format is a promise to engines on other machines: spelled out by hand."""
    stream = io.BytesIO()
    write_message(stream, 3, protocol.Rendered(np.array([[[1, 2, 3]]], np.uint8)))
    text = (
        b'{"type":"Rendered","id":3,"fields":{},'
        b'"arrays":[{"name":"image","dtype":"uint8","shape":[1,1,3]}]}'
    )
    assert stream.getvalue() == b"SAGA\x62\x00\x00\x00" + text + b"\x01\x02\x03"


def test_numbers_of_numpy_and_strided_big_endian_arrays_are_made_plain():
    strided = np.arange(12, dtype=">i4").reshape(3, 4)[:, ::2]
    message = protocol.Select("a", scale=np.float32(0.5), pixel=(np.int64(1), 2), subset=strided)
    stream = io.BytesIO()
    write_message(stream, 1, message)
    _, back = read(stream.getvalue())
    assert type(back.scale) is float and type(back.pixel) is tuple and back.pixel == (1.0, 2.0)
    np.testing.assert_array_equal(back.subset, [[0, 2], [4, 6], [8, 10]])


def test_large_arrays_cross_a_pipe_without_a_copy_on_the_sending_side():
    values = np.random.default_rng(0).integers(0, 255, (5_000_011, 4), np.uint8)  # over a chunk
    message = protocol.Selected(values, 0, 0, 0.0, 0.0)
    assert np.shares_memory(np.frombuffer(encode(1, message)[1], np.uint8), values)
    receiving, sending = (
        os.fdopen(fd, mode, buffering=0) for fd, mode in zip(os.pipe(), ("rb", "wb"), strict=True)
    )
    writer = threading.Thread(target=write_message, args=(sending, 1, message))
    with receiving, sending:
        writer.start()
        _, back = read_message(receiving)
        writer.join()
    np.testing.assert_array_equal(back.mask, values)


image = {"name": "image", "dtype": "uint8", "shape": [2]}
REFUSED = {
    "another stream": b"HTTP/1.1 200 OK\r\n",
    "no JSON": frame(b"{"),
    "no object": frame(b"[1]"),
    "not UTF-8": frame(b'{"type": "\xff"}'),
    "endless nesting": frame(b"[" * 4_000),
    "too many lists": frame(header("Described", fields={"text": "", "facts": {"a": [[]] * 5_000}})),
    "endless number": frame(b'{"id":' + b"9" * 10_000 + b"}"),
    "a part too many": frame({**header(), "extra": 1}),
    "unknown type": frame(header("Explode")),
    "type of no text": frame(header(["Cancel"])),
    "id of no integer": frame(header(id=1.5, fields={"request": 1})),
    "unknown field": frame(header(fields={"request": 1, "really": True})),
    "missing field": frame(header()),
    "text for a number": frame(header(fields={"request": "1"})),
    "boolean for a number": frame(header(fields={"request": True})),
    "number beyond 64 bits": frame(header(fields={"request": 2**63})),
    "NaN": frame(header("Select", fields={"scene": "a", "scale": float("nan")})),
    "infinity by overflow": frame(
        b'{"type":"Select","id":1,"fields":{"scene":"a","scale":1e999},"arrays":[]}'
    ),
    "a click with a field too many": frame(
        header("Select", fields={"scene": "a", "clicks": [{"wanted": True, "color": "red"}]})
    ),
    "a click that is none": frame(header("Select", fields={"scene": "a", "clicks": [3]})),
    "no tuple of numbers": frame(header("Decompose", fields={"scene": "a", "scales": [0.5, "1"]})),
    "tuple too short": frame(header("Select", fields={"scene": "a", "pixel": [1.0]})),
    "NaN in facts": frame(header("Described", fields={"text": "", "facts": {"a": [1e999]}})),
    "facts nested too deep": frame(
        header("Described", fields={"text": "", "facts": json.loads('{"a":' * 20 + "1" + "}" * 20)})
    ),
    "list for an array": frame(header("Rendered", fields={"image": [1, 2]})),
    "array for a text": frame(header("Info", arrays=[{**image, "name": "scene"}]), b"ab"),
    "array twice": frame(header("Rendered", arrays=[image, image]), b"abab"),
    "array without shape": frame(header("Rendered", arrays=[{"name": "image", "dtype": "uint8"}])),
    "pickles": frame(header("Rendered", arrays=[{**image, "dtype": "object"}]), b"ab" * 8),
    "negative size": frame(header("Rendered", arrays=[{**image, "shape": [-1]}])),
    "huge": frame(header("Rendered", arrays=[{**image, "shape": [MAX_ARRAY_BYTES, 2]}])),
    "huge and empty": frame(header("Rendered", arrays=[{**image, "shape": [0, 2**62]}])),
    "huge together": frame(
        header("Rendered", arrays=[{**image, "name": n, "shape": [2**28]} for n in "abc"])
    ),
    "too many arrays": frame(
        header("Rendered", arrays=[{**image, "name": n} for n in "abcdefghi"])
    ),
    "too many dimensions": frame(header("Rendered", arrays=[{**image, "shape": [1] * 33}]), b"a"),
    "boolean of 2": frame(
        header("Rendered", arrays=[{"name": "image", "dtype": "bool", "shape": [2]}]), b"\x01\x02"
    ),
    "compressed, but larger": frame(header("Rendered", arrays=[{**image, "zlib": 3}]), b"abc"),
    "compressed to nothing": frame(header("Rendered", arrays=[{**image, "zlib": 0}])),
    "compressed and damaged": frame(header("Rendered", arrays=[{**image, "zlib": 2}]), b"ab"),
    "compressed, of another size": squeezed([999], 1000),
    "compressed, with more behind it": squeezed([1000], 1000, b"more"),
    "compressed, cut off": squeezed([1000], 1000, cut=5),
    "compressed from 512 MB": squeezed([MAX_ARRAY_BYTES], 1000),
    "header too long": b"SAGA" + struct.pack("<I", MAX_HEADER_BYTES + 1) + b" " * 100,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refused_frames(data):
    with pytest.raises(ProtocolError):
        read(data)


def test_a_frame_cut_anywhere_is_refused():
    stream = io.BytesIO()
    write_message(stream, 1, protocol.Rendered(np.zeros((1, 2, 3), np.uint8)))
    whole = stream.getvalue()
    assert read(b"") is None
    for length in range(1, len(whole)):
        with pytest.raises(ProtocolError, match="too early"):
            read(whole[:length])


@pytest.mark.parametrize(
    "values, pays",
    [
        (np.arange(100_000, dtype=np.int32), True),
        (np.zeros(1 << 24, np.uint8), True),
        (np.zeros((1 << 24) + 1, np.uint8), False),  # nothing large may come from nearly nothing
        (np.random.default_rng(0).integers(0, 256, 100_000, np.uint8), False),
        (np.zeros(100, np.uint8), False),
    ],
    ids=["numbers", "zeros", "too many zeros", "noise", "a few"],
)
def test_arrays_travel_compressed_where_it_pays(values, pays):
    message = protocol.Selected(values, 0, 0, 0.0, 0.0)
    plain, small = (b"".join(encode(1, message, compress)) for compress in (False, True))
    assert (small != plain) == pays and len(small) <= len(plain)
    assert_same(read(small)[1], message)


@pytest.mark.parametrize("said", [{}, {"zlib": 60_000_000}], ids=["plain", "compressed"])
def test_a_lying_header_costs_no_memory(said):
    entry = {**image, "shape": [MAX_ARRAY_BYTES - 1], **said}
    lie = frame(header("Rendered", arrays=[entry]), b"short")
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="too early"):
            read(lie)
        assert tracemalloc.get_traced_memory()[1] < MAX_ARRAY_BYTES / 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "message",
    [
        protocol.Select(scene="a", scale=float("nan")),
        protocol.Trained("m", 1.0, 1, 1, 1, 1, loss=float("inf")),
        protocol.Info(scene=7),
        protocol.Info(scene="x" * MAX_HEADER_BYTES),
        protocol.Described("", facts={1: "a key of no text"}),
        protocol.Described("", facts={"a": [[]] * 5_000}),
        protocol.Rendered(np.array(["text"])),
        protocol.Rendered(np.broadcast_to(np.uint8(0), MAX_ARRAY_BYTES + 1)),
    ],
    ids=["NaN", "infinity", "number", "long", "key", "lists", "dtype", "large"],
)
def test_nothing_is_written_of_what_would_be_refused(message):
    stream = io.BytesIO()
    with pytest.raises(ProtocolError):
        write_message(stream, 1, message)
    assert stream.getvalue() == b""


@pytest.mark.parametrize(
    "error",
    [
        errors.BadInput("No.", "Do."),
        errors.NotTrained("No."),
        errors.Cancelled(),
        errors.EngineFailure("No.", "Do."),
        ProtocolError("No."),
    ],
    ids=lambda error: error.code,
)
def test_errors_arrive_as_what_they_were(error):
    back = protocol.error_of(protocol.failed(error))
    assert (type(back), back.code, back.message, back.advice, str(back)) == (
        type(error), error.code, error.message, error.advice, str(error),
    )  # fmt: skip


def test_an_error_of_a_newer_engine_keeps_its_code():
    error = protocol.error_of(protocol.Failed("too_new", "No.", "Do."))
    assert isinstance(error, errors.SagaError) and error.code == "too_new"


FRAMES = [b"".join(encode(1, message, compress=True)) for message in MESSAGES]
edits = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=6)), max_size=4
)


@settings(max_examples=200, deadline=None)
@given(data=st.sampled_from(FRAMES), edits=edits)
def test_mutated_frames_are_read_or_refused(data, edits):
    for position, deleted, inserted in edits:
        data = data[:position] + inserted + data[position + deleted :]
    assert_read_or_refused(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_headers_with_any_value_in_any_place_are_read_or_refused(data):
    original = data.draw(st.sampled_from(FRAMES))
    size = struct.unpack("<I", original[4:8])[0]
    changed = json.loads(original[8 : 8 + size])
    place = changed
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(json_values)
            break
        place = place[key]
    assert_read_or_refused(frame(changed, original[8 + size :]))


def assert_read_or_refused(data):
    """Whatever is accepted is a message that could have been sent."""
    stream = io.BytesIO(data)
    try:
        while (message := read_message(stream)) is not None:
            encode(*message)
    except ProtocolError:
        pass
