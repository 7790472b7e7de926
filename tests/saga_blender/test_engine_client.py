"""The add-on's client against real engine processes. Needs no Blender, and runs inside it too."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from without_blender import load

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = ROOT / "tests" / "stand_in"  # the real server, an engine that does as it is told
ENGINE_PYTHON = os.environ.get("SAGA_ENGINE_PYTHON", sys.executable)
PATIENCE_S = 120.0  # on a machine that is busy with other things


engine_client = load("saga_blender.engine.client")
engine_process = load("saga_blender.engine.process")
protocol = load("backend.protocol")
errors = load("backend.errors")


@pytest.fixture
def connect(tmp_path):
    clients = []

    def make(python=ENGINE_PYTHON, package_root=STAND_IN, **options):
        clients.append(
            engine_client.EngineClient(
                engine_process.OnThisComputer(str(python), package_root), "cpu", tmp_path, **options
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close().join()


def pump_until(client, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "nothing came"
        client.pump()
        time.sleep(0.005)


def test_callbacks_come_from_pump_in_order(connect):
    client, heard = connect(), []
    assert client.state == "dead"
    for what in ("stages", "next"):
        client.request(
            protocol.Info(what),
            on_done=lambda reply: heard.append(reply.text),
            on_progress=lambda progress: heard.append(progress.stage),
        )
    assert client.state == "starting"
    time.sleep(0.5)
    assert heard == []
    pump_until(client, lambda: "next" in heard)
    assert client.state == "ready"
    assert heard[-2:] == ["stages", "next"] and set(heard[:-2]) == set("abc")


def test_pump_keeps_to_its_budget_and_goes_on_behind_a_broken_callback(connect):
    client, heard = connect(), []
    client.wait(client.request(protocol.Info("started")), PATIENCE_S)

    def break_down(reply):
        raise RuntimeError(reply.text)

    client.request(protocol.Info("first"), on_done=break_down)
    client.request(protocol.Info("second"), on_done=heard.append)
    last = client.request(protocol.Info("third"), on_done=heard.append)
    time.sleep(0.5)  # all have arrived
    with pytest.raises(RuntimeError, match="first"):
        client.pump(budget_s=0.0)
    assert heard == []
    client.pump(budget_s=0.0)
    assert [reply.text for reply in heard] == ["second"]
    assert client.wait(last, PATIENCE_S).text == "third"


def test_errors_arrive_as_errors(connect):
    client, heard = connect(package_root=ROOT), []
    id = client.request(protocol.Info("missing.ply"), on_error=heard.append)
    with pytest.raises(errors.BadInput, match=r"missing\.ply") as raised:
        client.wait(id, PATIENCE_S)
    assert heard == [raised.value] and raised.value.advice
    with pytest.raises(KeyError):
        client.wait(id)


def test_a_message_that_does_not_fit_is_refused_on_the_spot(connect):
    with pytest.raises(protocol.ProtocolError, match=r"Info\.scene"):
        connect().request(protocol.Info(scene=Path("a.ply")))


def test_cancel(connect):
    client, heard = connect(), []
    id = client.request(protocol.Info("count"), on_progress=heard.append)
    pump_until(client, lambda: heard)
    client.cancel(id)
    with pytest.raises(errors.Cancelled):
        client.wait(id, PATIENCE_S)
    client.cancel(id)  # too late: nobody minds
    assert client.wait(client.request(protocol.Info("next")), PATIENCE_S).text == "next"


def test_death_fails_all_requests_and_the_next_one_starts_another_engine(connect):
    client, heard = connect(), []
    for what in ("die", "never"):
        client.request(protocol.Info(what), on_error=heard.append)
    pump_until(client, lambda: len(heard) == 2)
    assert client.state == "dead"
    for error in heard:
        assert isinstance(error, errors.EngineFailure)
        assert "exit code 7" in error.message and "a last word" in error.message
        assert str(client.log_path) in error.advice
    assert os.name == "nt" or client.log_path.stat().st_mode & 0o077 == 0  # nobody else's business
    assert client.wait(client.request(protocol.Info("again")), PATIENCE_S).text == "again"
    client.log_path.unlink()  # as cleaners of temporary folders do
    with pytest.raises(errors.EngineFailure, match="exit code 7"):
        client.wait(client.request(protocol.Info("die")), PATIENCE_S)


@pytest.mark.parametrize("python", ["no/such/python", ""])
def test_a_wrong_path_is_an_error_with_advice(connect, python):
    client = connect(python)
    with pytest.raises(errors.BadInput, match="preferences"):
        client.wait(client.request(protocol.Info("a")), PATIENCE_S)
    assert client.state == "dead"


def test_a_python_without_an_engine_says_what_is_missing(connect, tmp_path):
    client = connect(package_root=tmp_path)
    with pytest.raises(errors.EngineFailure, match="No module named 'backend'"):
        client.wait(client.request(protocol.Info("a")), PATIENCE_S)


def test_a_python_without_the_packages_says_which_and_where_to_install(connect, tmp_path):
    client = connect(package_root=fake_server(tmp_path, "import no_such_package"))
    with pytest.raises(errors.MissingSoftware, match=r"has no no_such_package.*preferences"):
        client.wait(client.request(protocol.Info("a")), PATIENCE_S)


def fake_server(folder, code):
    """A package root whose `backend.server` is nothing but `code`."""
    (folder / "backend").mkdir()
    (folder / "backend" / "server.py").write_text(code, encoding="utf-8")
    return folder


def test_a_program_that_talks_something_else_is_no_engine(connect, tmp_path):
    client = connect(package_root=fake_server(tmp_path, "print('Hello, I am a server')"))
    with pytest.raises(errors.EngineFailure, match="no SAGA engine"):
        client.wait(client.request(protocol.Info("a")), PATIENCE_S)


def test_an_engine_of_another_version_says_so(connect, monkeypatch):
    monkeypatch.setattr(protocol, "PROTOCOL_VERSION", 99)
    client = connect()
    with pytest.raises(protocol.ProtocolError, match="same version"):
        client.wait(client.request(protocol.Info("a")), PATIENCE_S)
    assert client.state == "dead"


def test_a_deaf_engine_never_blocks_the_caller_and_is_closed_by_force(
    connect, tmp_path, monkeypatch
):
    client = connect(package_root=fake_server(tmp_path, "import time; time.sleep(60)"))
    subset = np.zeros(10_000_000, np.int32)  # far more than a pipe holds
    began = time.monotonic()
    id = client.request(protocol.Select("a", subset=subset))
    client.pump()
    assert time.monotonic() - began < 0.5
    with pytest.raises(errors.EngineFailure, match="no answer"):
        client.wait(id, 0.2)
    monkeypatch.setattr(engine_process, "CLOSE_S", 0.3)
    began = time.monotonic()
    client.close().join()
    assert time.monotonic() - began < 5
    assert client.state == "dead"


def test_close_is_quick_and_calls_nobody_back(connect, tmp_path):
    client, heard = connect(), []
    client.wait(client.request(protocol.Info("started")), PATIENCE_S)
    client.request(protocol.Info("count"), on_done=heard.append, on_error=heard.append)
    time.sleep(0.2)
    (path,) = tmp_path.iterdir()
    with path.open(encoding="utf-8") as log:
        began = time.monotonic()
        client.close().join()
        assert time.monotonic() - began < engine_process.CLOSE_S
        client.pump()
        assert heard == []
        assert "tidied up" in log.read()
    assert os.name == "nt" or not path.exists(), "nobody was told of this log"


def test_a_log_that_somebody_was_told_of_is_kept(connect, tmp_path):
    dead, deaf, defect = connect(), connect(), connect()
    with pytest.raises(errors.EngineFailure, match="exit code 7") as died:
        dead.wait(dead.request(protocol.Info("die")), PATIENCE_S)
    with pytest.raises(errors.EngineFailure, match="no answer") as silent:
        deaf.wait(deaf.request(protocol.Info("count")), 0.1)
    with pytest.raises(errors.EngineFailure, match="ZeroDivisionError: a defect") as unexpected:
        defect.wait(defect.request(protocol.Info("defect")), PATIENCE_S)
    for client, told in ((dead, died), (deaf, silent), (defect, unexpected)):
        client.close().join()
        assert told.value.advice.count(str(client.log_path)) == 1 and client.log_path.is_file()
    unstarted = connect("no/such/python")
    with pytest.raises(errors.BadInput):
        unstarted.wait(unstarted.request(protocol.Info("a")), PATIENCE_S)
    unstarted.close().join()
    assert set(tmp_path.iterdir()) == {dead.log_path, deaf.log_path, defect.log_path}


def test_the_surroundings_of_blenders_python_stay_behind(connect, monkeypatch, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('the numpy of another Python')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    client = connect()
    assert client.wait(client.request(protocol.Info("started")), PATIENCE_S).text == "started"
