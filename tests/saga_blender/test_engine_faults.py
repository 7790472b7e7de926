"""Engines that die, hang and talk nonsense: what the add-on's client makes of it."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from two_balls import write_two_balls
from without_blender import ROOT, load

from backend.gaussians.ply import read_ply, write_ply

if sys.platform != "win32":
    import resource

engine_client = load("saga_blender.engine.client")
engine_patience = load("saga_blender.engine.patience")
engine_process = load("saga_blender.engine.process")
protocol = load("backend.protocol")
errors = load("backend.errors")

STAND_IN = ROOT / "tests" / "stand_in"
ENGINE_PYTHON = os.environ.get("SAGA_ENGINE_PYTHON", sys.executable)
PATIENCE_S = 120.0  # on a machine that is busy with other things
MAIN_THREAD_S = 0.05  # what one call may take of the thread that draws Blender's windows

unix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


class Watched(engine_client.EngineClient):
    """Measures what each call takes of the caller's processor time."""

    longest = 0.0

    def pump(self, *arguments):
        began = time.thread_time()
        super().pump(*arguments)
        self.longest = max(self.longest, time.thread_time() - began)

    def request(self, *arguments, **callbacks):
        began = time.thread_time()
        id = super().request(*arguments, **callbacks)
        self.longest = max(self.longest, time.thread_time() - began)
        return id

    @property
    def pid(self) -> int:
        return self._process._popen.pid


@pytest.fixture
def connect(tmp_path):
    clients = []

    def make(package_root=STAND_IN):
        place = engine_process.OnThisComputer(ENGINE_PYTHON, package_root)
        clients.append(Watched(place, "cpu", tmp_path))
        return clients[-1]

    yield make
    for client in clients:
        client.close().join()
        assert client.longest < MAIN_THREAD_S


def ask(client, what):
    return client.request(protocol.Info(what))


def fake_server(folder: Path, code: str) -> Path:
    """A package root whose `backend.server` is nothing but `code`."""
    (folder / "backend").mkdir()
    (folder / "backend" / "server.py").write_text(code, encoding="utf-8")
    return folder


@unix
@pytest.mark.fault("the engine: killed (kill -9, out of memory) while it works")
def test_a_killed_engine_is_explained_and_replaced(connect):
    client = connect()
    client.wait(ask(client, "started"), PATIENCE_S)
    id = ask(client, "count")
    os.kill(client.pid, signal.SIGKILL)
    with pytest.raises(errors.EngineFailure, match=r"memory was full.*goes on"):
        client.wait(id, PATIENCE_S)
    assert client.wait(ask(client, "again"), PATIENCE_S).text == "again"


@pytest.mark.fault("the engine: crashes")
def test_a_crash_is_explained_with_its_last_words(connect):
    client = connect()
    with pytest.raises(errors.EngineFailure, match=r"exit code 7.*a last word"):
        client.wait(ask(client, "die"), PATIENCE_S)
    assert client.wait(ask(client, "again"), PATIENCE_S).text == "again"


@unix
@pytest.mark.fault("the engine: hangs (SIGSTOP)")
def test_a_hung_engine_is_ended_and_replaced(connect, monkeypatch):
    monkeypatch.setattr(engine_patience, "HANG_S", 5.0)
    client = connect()
    client.wait(ask(client, "started"), PATIENCE_S)
    id = ask(client, "count")
    hung = client.pid
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(errors.EngineFailure, match="hung"):
        client.wait(id, PATIENCE_S)
    assert client.wait(ask(client, "again"), PATIENCE_S).text == "again"
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)


def test_long_silent_work_is_no_hang(connect, monkeypatch):
    monkeypatch.setattr(engine_patience, "HANG_S", 3.0)
    client = connect()
    client.wait(ask(client, "started"), PATIENCE_S)
    id = ask(client, "sleep")
    with pytest.raises(errors.EngineFailure, match="no answer in 6 s"):
        client.wait(id, 6.0)
    assert client.state == "ready"


def test_time_in_which_nobody_looked_is_no_silence(monkeypatch):
    clock = iter([100.0, 100.5, 5000.0, 5000.5, 5001.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    silence = engine_patience.Silence()
    assert [silence.lasts(heard) for heard in (1, 1, 1, 1, 2)] == [0.0, 0.5, 1.5, 2.0, 0.0]


@pytest.mark.fault("memory: the engine answers that it ran out")
def test_out_of_memory_is_said_and_the_engine_lives(connect):
    client = connect()
    with pytest.raises(errors.NotEnoughMemory, match=r"not enough memory.*fewer views"):
        client.wait(ask(client, "out_of_memory"), PATIENCE_S)
    assert client.state == "ready"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="prlimit")
@pytest.mark.fault("memory: runs out in the engine while training")
def test_a_real_lack_of_memory_is_said_and_training_works_again(connect, tmp_path):
    """Nothing is simulated: the kernel refuses the engine more. Python survives that, C aborts."""
    few, many = write_two_balls(tmp_path / "few"), write_two_balls(tmp_path / "many")
    write_ply(many, read_ply(many).cloud.subset(np.tile(np.arange(600), 500)))
    client = connect(ROOT)
    for room_mb in (16, 64):  # for 300,000 Gaussians
        client.wait(client.request(protocol.Train(str(few), steps=3)), PATIENCE_S)
        pages = int(Path(f"/proc/{client.pid}/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + room_mb * 2**20
        resource.prlimit(client.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        with pytest.raises(errors.NotEnoughMemory, match=r"not enough memory.*fewer views"):
            client.wait(client.request(protocol.Train(str(many), steps=3)), PATIENCE_S)
        if client.state == "ready":
            unlimited = resource.RLIM_INFINITY, resource.RLIM_INFINITY
            resource.prlimit(client.pid, resource.RLIMIT_AS, unlimited)
    client.wait(client.request(protocol.Train(str(few), steps=3)), PATIENCE_S)


NONSENSE = {
    "at once": "import os; os.write(1, b'nonsense' * 100)",
    "after its greeting": """
import os, sys
sys.path.insert(0, {root!r})
from backend import protocol
os.write(1, b"".join(protocol.encode(0, protocol.Welcome(protocol.PROTOCOL_VERSION, "", ""))))
os.write(1, b"SAGA" + bytes(range(200)))
""",
    "half a message": "import os; os.write(1, b'SAGA' + (900).to_bytes(4, 'little') + b'{')",
}


@pytest.mark.fault("the engine: writes garbage to its stdout")
@pytest.mark.parametrize("when", NONSENSE)
def test_nonsense_is_refused_and_its_speaker_ended(connect, tmp_path, when, monkeypatch):
    code = NONSENSE[when].replace("{root!r}", repr(str(ROOT)))
    code = code.replace("from backend", "sys.modules.pop('backend'); from backend")
    monkeypatch.setattr(engine_patience, "HANG_S", 3.0)
    client = connect(fake_server(tmp_path, code + "\nimport time; time.sleep(60)"))
    with pytest.raises(errors.EngineFailure, match=r"no SAGA engine|hung"):
        client.wait(ask(client, "anything"), PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while client.state != "dead" and time.monotonic() < until:
        time.sleep(0.05)
    assert client.state == "dead"


@pytest.mark.fault("the engine: dies at every start")
def test_an_engine_that_keeps_dying_is_left_alone_for_a_while(connect, tmp_path, monkeypatch):
    starts = tmp_path / "starts"
    client = connect(fake_server(tmp_path, f"open({str(starts)!r}, 'a').write('.'); exit(9)"))
    for sentence in ["exit code 9"] * 3 + [r"restarted for [56]\d s"] * 5:
        with pytest.raises(errors.EngineFailure, match=sentence):
            client.wait(ask(client, "anything"), PATIENCE_S)
    assert starts.read_text() == "..."
    monkeypatch.setattr(client._crashes, "rests_until", 0.0)  # the time is over
    for sentence in ("exit code 9", "3 times in a row"):
        with pytest.raises(errors.EngineFailure, match=sentence):
            client.wait(ask(client, "anything"), PATIENCE_S)
    assert starts.read_text() == "...."


@pytest.mark.fault("two at once: Blenders that ask")
def test_each_client_has_an_engine_of_its_own(connect):
    clients = [connect(), connect()]
    ids = [ask(client, f"client {k}") for k, client in enumerate(clients)]
    answers = [client.wait(id, PATIENCE_S) for client, id in zip(clients, ids, strict=True)]
    assert [answer.text for answer in answers] == ["client 0", "client 1"]
    assert clients[0].pid != clients[1].pid


@unix
@pytest.mark.fault("the engine: hangs when Blender closes it")
def test_closing_does_not_wait_for_an_engine_that_hangs(connect, monkeypatch):
    monkeypatch.setattr(engine_process, "CLOSE_S", 0.3)
    client = connect()
    client.wait(ask(client, "started"), PATIENCE_S)
    process = client._process
    os.kill(client.pid, signal.SIGSTOP)
    began = time.thread_time()
    client.close()
    assert time.thread_time() - began < MAIN_THREAD_S
    until = time.monotonic() + PATIENCE_S
    while process.exit_code is None and time.monotonic() < until:
        time.sleep(0.05)
    assert process.exit_code == -signal.SIGKILL
