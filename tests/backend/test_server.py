"""A real server process at the other end of real pipes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from backend import __version__, protocol
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.protocol import Alive
from backend.server import EXIT_BROKEN_STREAM, GRACE_S

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = ROOT / "tests" / "stand_in"
PATIENCE_S = 120.0  # on a machine that is busy with other things
END = (0, None)
COMMAND = [sys.executable, "-m", "backend.server", "--device", "cpu"]


class Peer:
    """The client's side of a server."""

    def __init__(self, package_root, log, command, env):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=package_root, stdin=pipe, stdout=pipe, stderr=log, env=env
        )

    def send(self, id, message):
        protocol.write_message(self.process.stdin, id, message)

    def ask(self, id, what):
        self.send(id, protocol.Info(what))

    def receive(self):
        """The next message that is not Alive."""
        while isinstance((frame := protocol.read_message(self.process.stdout) or END)[1], Alive):
            pass
        return None if frame is END else frame

    def answer(self):
        """The next message that is not Progress."""
        while isinstance((frame := self.receive())[1], protocol.Progress):
            pass
        return frame

    def greet(self):
        self.send(9, protocol.Hello(protocol.PROTOCOL_VERSION, "a test"))
        return self.receive()

    def end(self):
        """Close the server's stdin; its exit code, what it logged and how long it took."""
        began = time.monotonic()
        _, log = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, log.decode(), time.monotonic() - began


@pytest.fixture
def connect():
    peers = []

    def start(package_root=STAND_IN, log=subprocess.PIPE, command=COMMAND, env=None):
        peers.append(Peer(package_root, log, command, env))
        return peers[-1]

    yield start
    for peer in peers:
        peer.process.kill()
        peer.process.communicate()


def test_the_real_engine_answers_and_outlives_a_bad_request(connect, tmp_path):
    scene = tmp_path / "three.ply"
    zeros = np.zeros((3, 4), np.float32)
    write_ply(
        scene, GaussianCloud(zeros[:, :3], zeros + 1, zeros[:, :3], zeros[:, 0], zeros[:, None, :3])
    )
    server = connect(ROOT)
    assert server.greet() == (9, protocol.Welcome(protocol.PROTOCOL_VERSION, __version__, "cpu"))
    server.ask(1, str(tmp_path / "missing.ply"))
    id, failed = server.answer()
    assert (id, failed.code) == (1, "bad_input") and "missing.ply" in failed.message
    server.ask(2, str(scene))
    id, described = server.answer()
    assert (id, described.facts["gaussians"]) == (2, 3)
    assert server.end()[0] == 0


def test_another_protocol_is_refused(connect):
    server = connect()
    server.send(0, protocol.Hello(protocol.PROTOCOL_VERSION + 1, "SAGA of tomorrow"))
    id, failed = server.receive()
    assert (id, failed.code) == (0, "protocol") and "SAGA of tomorrow" in failed.message
    assert server.receive() is None
    assert server.end()[0] == EXIT_BROKEN_STREAM


@pytest.mark.parametrize("first", [True, False], ids=["before Hello", "after Hello"])
def test_a_message_out_of_place_ends_the_server(connect, first):
    server = connect()
    if first:
        server.ask(1, "anything")
    else:
        server.greet()
        server.send(1, protocol.Rendered(np.zeros((1, 1, 3), np.uint8)))
    assert server.receive()[1].code == "protocol"
    assert server.end()[0] == EXIT_BROKEN_STREAM


def test_a_malformed_frame_is_said_and_ends_the_server_in_the_middle_of_work(connect):
    server = connect()
    server.greet()
    server.ask(1, "count")
    assert isinstance(server.receive()[1], protocol.Progress)
    server.process.stdin.write(b"this is no frame")
    server.process.stdin.flush()
    failures = [server.answer(), server.answer()]
    assert {(id, failed.code) for id, failed in failures} == {(0, "protocol"), (1, "cancelled")}
    code, log, seconds = server.end()
    assert code == EXIT_BROKEN_STREAM and "tidied up" in log and seconds < GRACE_S


def test_what_libraries_print_or_read_does_not_reach_the_stream(connect):
    server = connect()
    server.greet()
    server.ask(1, "noise")
    assert server.answer() == (1, protocol.Described("noise", {"device": "cpu"}))
    _, log, _ = server.end()
    assert all(f"from {source}" in log for source in ("Python", "C", "a child"))


@pytest.mark.parametrize("what, code", [("defect", "engine_failure"), ("no_number", "protocol")])
def test_a_defect_is_answered_and_logged_and_the_server_lives_on(connect, what, code):
    server = connect()
    server.greet()
    server.ask(1, what)
    server.ask(2, "next")
    id, failed = server.answer()
    assert (id, failed.code) == (1, code)
    assert server.answer()[1].text == "next"
    _, log, _ = server.end()
    assert ("ZeroDivisionError: a defect" in log) == (what == "defect")


def test_requests_run_in_order_and_can_be_cancelled_while_running_or_waiting(connect):
    server = connect()
    server.greet()
    server.ask(1, "count")
    for id in (2, 3, 4):
        server.ask(id, f"number {id}")
    assert server.receive()[0] == 1  # runs
    server.send(5, protocol.Cancel(3))
    assert server.answer() == (3, protocol.Failed("cancelled", "Cancelled.", ""))  # at once
    server.send(6, protocol.Cancel(1))
    server.send(7, protocol.Cancel(99))  # nobody's
    assert server.answer() == (1, protocol.Failed("cancelled", "Cancelled.", ""))
    assert [server.answer()[1].text, server.answer()[1].text] == ["number 2", "number 4"]


def test_progress_is_throttled_but_tells_the_ends_of_each_stage(connect):
    server = connect()
    server.greet()
    server.ask(1, "stages")
    told = []
    while isinstance((message := server.receive()[1]), protocol.Progress):
        told.append(message)
    for stage in "abc":
        of_stage = [progress for progress in told if progress.stage == stage]
        assert (of_stage[0].fraction, of_stage[0].detail) == (0.0, "step 0")
        assert (of_stage[-1].fraction, of_stage[-1].detail) == (299 / 300, "step 299")
        assert 3 <= len(of_stage) < 60  # of 300 reports
        assert of_stage[0].eta_s == -1.0
        assert all(0 <= progress.eta_s < 10 for progress in of_stage[1:])
        assert all(1 < progress.memory_mb < 10_000 for progress in of_stage)
    assert [progress.stage for progress in told] == sorted(progress.stage for progress in told)


def test_it_greets_in_less_than_three_seconds(connect):
    """Processor time, not that of the clock, which others use too."""
    server = connect(ROOT)
    server.greet()
    spent = psutil.Process(server.process.pid).cpu_times()
    assert spent.user + spent.system < 3.0


@pytest.mark.fault("a full disk: the log's")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_cannot_be_written_ends_nothing(connect):
    with open("/dev/full", "wb") as full:
        server = connect(log=full)
        server.greet()
        for id, what in enumerate(("noise", "defect", "next")):
            server.ask(id, what)
            assert server.answer()[0] == id


def test_it_keeps_no_copies_for_a_client_on_its_own_computer(connect):
    server = connect()
    server.greet()
    server.send(1, protocol.Keep("a.ply", 0, 0))
    assert server.receive()[1].code == "protocol"
    assert server.end()[0] == EXIT_BROKEN_STREAM


@pytest.mark.fault("another computer: the line dies without a word")
def test_over_ssh_it_ends_when_its_client_is_silent_for_long(connect, tmp_path):
    code = (
        "import sys, os\n"
        "from backend import server\n"
        "server.SILENCE_S = 2.5\n"
        "sys.argv = ['server', '--over-ssh', '--device', 'cpu']\n"
        "os._exit(server.main())\n"
    )
    home = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    server = connect(command=[sys.executable, "-c", code], env=home)
    server.greet()
    for _ in range(4):
        time.sleep(1)
        server.send(0, Alive())
    server.ask(1, "next")
    assert server.answer()[1].text == "next"
    began = time.monotonic()
    assert server.process.wait(PATIENCE_S) == EXIT_BROKEN_STREAM
    assert time.monotonic() - began > 1.5


def test_it_says_that_it_lives_while_it_works(connect):
    server = connect()
    server.greet()
    server.ask(1, "sleep")
    heard = [protocol.read_message(server.process.stdout) for _ in range(3)]
    assert heard == [(0, Alive())] * 3


def test_the_end_of_stdin_stops_work_that_reports_and_lets_it_tidy_up(connect):
    server = connect()
    server.greet()
    server.ask(1, "count")
    server.receive()
    code, log, seconds = server.end()
    assert code == 0 and "tidied up" in log and seconds < GRACE_S


@pytest.mark.fault("Blender: killed while the engine works")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_client_leaves_no_engine_behind(connect):
    """The engine is in the middle of work that would take a minute and never looks up."""
    client = (
        "import subprocess, sys, time\n"
        "from backend import protocol\n"
        "server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "hello = protocol.Hello(protocol.PROTOCOL_VERSION, 'a client')\n"
        "protocol.write_message(server.stdin, 1, hello)\n"
        "protocol.write_message(server.stdin, 2, protocol.Info('sleep'))\n"
        "print(protocol.read_message(server.stdout), flush=True)\n"
        "time.sleep(60)\n"
    )
    # Both hold the log: it ends when both are gone.
    parent = subprocess.Popen(
        [sys.executable, "-c", client, *COMMAND],
        cwd=STAND_IN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert b"Welcome" in parent.stdout.readline()
    time.sleep(0.2)  # the request is under way
    os.kill(parent.pid, signal.SIGKILL)
    began = time.monotonic()
    parent.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - began < GRACE_S + 2
