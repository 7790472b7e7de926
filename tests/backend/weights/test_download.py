"""Fetching weights from a loopback server that does everything wrong that a server can."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat

import pytest

from backend.errors import BadInput, Cancelled, EngineFailure, MissingSoftware
from backend.weights import download
from backend.weights.catalog import CATALOG, Weights

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HALF = len(CONTENT) // 2


class Server(ThreadingHTTPServer):
    """Behaves as its list says, request by request; the last behaviour stays."""

    daemon_threads = True

    def behave(self, *behaviours: str) -> None:
        self.behaviours: Iterator[str] = chain(behaviours, repeat(behaviours[-1]))
        self.starts: list[int] = []  # byte that each request asked to begin at
        self.released = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range", "bytes=0-")
        self.start = int(asked.removeprefix("bytes=").rstrip("-"))
        self.server.starts.append(self.start)
        getattr(self, next(self.server.behaviours))()

    def head(self, status=206, length=None, **headers):
        self.send_response(status)
        self.send_header(
            "Content-Length", str(len(CONTENT) - self.start if length is None else length)
        )
        if status == 206:
            self.send_header(
                "Content-Range", f"bytes {self.start}-{len(CONTENT) - 1}/{len(CONTENT)}"
            )
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def right(self):
        self.head(206 if self.start else 200)
        self.wfile.write(CONTENT[self.start :])

    def knows_no_ranges(self):
        self.start = 0
        self.right()

    def other_range(self):
        self.start += 7
        self.head(206)

    def cut(self):
        self.head(206 if self.start else 200)
        self.wfile.write(CONTENT[self.start : self.start + HALF // 2])

    def stalls(self):
        self.cut()
        self.wfile.flush()
        self.server.released.wait(20)

    def drips_nothing(self):
        self.server.released.wait(20)

    def says_more(self):
        self.head(200, len(CONTENT) + 1)
        self.wfile.write(CONTENT)

    def says_less(self):
        self.head(200, 100)
        self.wfile.write(CONTENT)

    def login_page(self):
        self.head(200, 5)
        self.wfile.write(b"LOGIN")

    def other_bytes(self):
        self.head(206 if self.start else 200)
        self.wfile.write(CONTENT[self.start :][::-1])

    def broken(self):
        self.head(500, 0)

    def gone(self):
        self.head(404, 0)

    def beyond(self):
        self.head(416, 0)

    def moved(self):
        self.head(302, 0, Location="/elsewhere")

    def moved_to_where_anyone_listens(self):
        self.head(302, 0, Location="http://example.invalid/weights.pt")

    def nonsense(self):
        self.wfile.write(b"this is no HTTP\r\n\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def running():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.001)
    monkeypatch.setattr(download, "STALL_S", 0.3)
    running.behave("right")
    yield running
    running.released.set()


@pytest.fixture
def weights(server):
    url = f"http://127.0.0.1:{server.server_port}/weights.pt"
    return Weights("", "", url, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


SURVIVED = {  # behaviours, and the bytes that the requests for them began at
    "the line is cut": (["cut", "cut", "right"], [0, HALF // 2, HALF]),
    "the server stalls": (["stalls", "right"], [0, HALF // 2]),
    "the server never answers": (["drips_nothing", "right"], [0, 0]),
    "the server answers 500": (["broken", "cut", "broken", "right"], [0, 0, HALF // 2, HALF // 2]),
    "the server talks nonsense": (["nonsense", "right"], [0, 0]),
    "the server redirects": (["moved", "right"], [0, 0]),
    "the server cannot go on from the middle": (["cut", "knows_no_ranges"], [0, HALF // 2]),
    "the server goes on elsewhere": (["cut", "other_range", "right"], None),
    "the server does not know the range": (["cut", "beyond", "right"], [0, HALF // 2, 0]),
}


def faults(cases):
    """The names of cases, each marked as a fault."""
    return [pytest.param(what, marks=pytest.mark.fault(f"a download: {what}")) for what in cases]


@pytest.mark.parametrize("what", faults(SURVIVED))
def test_what_comes_in_the_end_is_whole(server, weights, tmp_path, what):
    behaviours, starts = SURVIVED[what]
    server.behave(*behaviours)
    told = []
    path = download.fetch(weights, tmp_path / "new", lambda *report: told.append(report))
    assert path.read_bytes() == CONTENT and list(path.parent.iterdir()) == [path]
    assert starts is None or server.starts == starts
    assert told[-1] == ("Checking weights.pt", 1.0, "1 of 1 MB")
    server.behave("broken")
    assert download.fetch(weights, tmp_path / "new") == path and server.starts == []


REFUSED = {  # what the server does, and the error
    "wrong bytes": ("other_bytes", EngineFailure),
    "a longer file than it should be": ("says_more", EngineFailure),
    "a shorter file than it should be": ("says_less", EngineFailure),
    "a login page in place of the file": ("login_page", EngineFailure),
    "no such file": ("gone", MissingSoftware),
    "only errors": ("broken", MissingSoftware),
    "only silence": ("drips_nothing", MissingSoftware),
    "a redirect to where anyone listens": (
        "moved_to_where_anyone_listens",
        MissingSoftware,
    ),
}


@pytest.mark.parametrize("what", faults(REFUSED))
def test_what_cannot_be_had_is_said_and_leaves_nothing_that_looks_whole(
    server, weights, tmp_path, what, monkeypatch
):
    behaviour, kind = REFUSED[what]
    monkeypatch.setattr(download, "STALL_S", 0.05)
    server.behave(behaviour)
    with pytest.raises(kind) as raised:
        download.fetch(weights, tmp_path)
    assert raised.value.advice and "127.0.0.1" in str(raised.value)
    assert not (tmp_path / weights.file).exists()
    server.behave("right")
    assert download.fetch(weights, tmp_path).read_bytes() == CONTENT


@pytest.mark.fault("a download: cancelled or killed")
def test_a_cancelled_download_goes_on_where_it_was(server, weights, tmp_path):
    def cancel(stage, fraction, detail=""):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        download.fetch(weights, tmp_path, cancel)
    part = tmp_path / "weights.pt.part"
    assert part.read_bytes() == CONTENT[: part.stat().st_size]
    assert download.fetch(weights, tmp_path).read_bytes() == CONTENT
    assert server.starts[0] == 0 and HALF < server.starts[1] < len(CONTENT)


def test_a_part_that_was_damaged_is_not_trusted(server, weights, tmp_path):
    (tmp_path / "weights.pt.part").write_bytes(b"?" * HALF)
    with pytest.raises(EngineFailure, match="is not"):
        download.fetch(weights, tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"?" * len(CONTENT))  # of the right size only
    assert download.fetch(weights, tmp_path).read_bytes() == CONTENT


@pytest.mark.fault("a download: an unfinished one that is too long")
def test_a_part_longer_than_the_file_is_begun_anew(server, weights, tmp_path):
    (tmp_path / "weights.pt.part").write_bytes(CONTENT + b"?")
    assert download.fetch(weights, tmp_path).read_bytes() == CONTENT and server.starts == [0]


def test_progress_does_not_fall_back_while_waiting_for_a_cut_line(server, weights, tmp_path):
    server.behave("cut", "right")
    told = []
    download.fetch(weights, tmp_path, lambda *report: told.append(report))
    fractions = [fraction for stage, fraction, _ in told if not stage.startswith("Checking")]
    assert ("Waiting for 127.0.0.1", 0.25, "0 of 1 MB") in told
    assert fractions == sorted(fractions)


@pytest.mark.fault("a download: two of one file at once")
def test_of_two_engines_the_slower_takes_what_the_faster_fetched(server, weights, tmp_path):
    part, target = tmp_path / "weights.pt.part", tmp_path / "weights.pt"

    def other_engine(stage, fraction, detail=""):
        if stage.startswith("Checking") and part.exists():
            part.rename(target)

    assert download.fetch(weights, tmp_path, other_engine) == target
    assert target.read_bytes() == CONTENT


@pytest.mark.fault("a full disk: while downloading")
def test_a_full_disk_is_said(server, weights, tmp_path):
    (tmp_path / "weights.pt.part").symlink_to("/dev/full")
    with pytest.raises(BadInput, match="No space left"):
        download.fetch(weights, tmp_path)
    with pytest.raises(BadInput, match="MB are free"):
        download.fetch(replace(weights, size=1 << 60), tmp_path)


def test_the_catalog_names_files_by_safe_addresses():
    for name, weights in CATALOG.items():
        assert weights.url.startswith("https://") and name in weights.file
        assert len(weights.sha256) == 64 and int(weights.sha256, 16)
