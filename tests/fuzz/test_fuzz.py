"""Files that someone broke, on purpose or not, are read or refused: quickly, in little memory."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mutations import broken
from PIL import Image
from readers import Reader, readers

from backend.errors import SagaError
from backend.masks import store

SECONDS = 1.0  # of processor time
TIMES = 10  # the size of the file in memory, and
SLACK = 2 << 20  # bytes on top: buffers
BATCH = 25  # cases that hypothesis makes at once: one by one, that takes as long as reading them
SAID = 33  # bytes of a case: how many of the other 32 there are, 8 at least, and what they say
READERS = readers()


def judge(reader: Reader, path: Path, data: bytes) -> None:
    """Let it read `data`: a value or a typed error comes out, in time and within memory."""
    path.write_bytes(data)
    limit = TIMES * len(data) + SLACK
    seconds, peak = traced(reader, path)
    if peak >= limit:  # what is imported at the first use is not the file's
        peak = traced(reader, path)[1]
    assert peak < limit
    assert seconds < SECONDS or timed(reader, path) < SECONDS  # tracing is slow


def bound_what_unpacks(set_attribute: Callable[[object, str, int], None]) -> None:
    """What is compressed may become as large as this, however small the file."""
    set_attribute(store, "MOST_BYTES", 1 << 16)
    set_attribute(Image, "MAX_IMAGE_PIXELS", 1 << 14)


def traced(reader: Reader, path: Path) -> tuple[float, int]:
    """Seconds of processor time, and the most bytes that it takes on the way."""
    tracemalloc.start()
    seconds = timed(reader, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak


def timed(reader: Reader, path: Path) -> float:
    """Seconds of processor time that reading, or refusing, takes."""
    began = time.process_time()
    try:
        reader.read(path)
    except SagaError as refusal:
        assert refusal.message
    return time.process_time() - began


@pytest.mark.filterwarnings("ignore")  # of numpy, about numbers that are not finite
@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(r, id=r.name, marks=pytest.mark.fault(f"a broken file: {r.name}"))
        for r in READERS
    ],
)
def test_what_is_broken_is_read_or_refused(reader, tmp_path, pytestconfig, monkeypatch):
    bound_what_unpacks(monkeypatch.setattr)
    path = reader.prepare(tmp_path)

    @settings(
        max_examples=-(-pytestconfig.getoption("cases") // BATCH),
        derandomize=True,
        deadline=None,  # our own is of processor time
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(batch=st.binary(min_size=BATCH * SAID, max_size=BATCH * SAID))
    def try_out(batch):
        for start in range(0, len(batch), SAID):
            size, *said = batch[start : start + SAID]
            judge(reader, path, broken(reader.seed, bytes(said[: 8 + size % 25])))

    try_out()
