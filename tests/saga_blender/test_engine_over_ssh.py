"""The engine at the other end of a real sshd: copies of files, cut lines, closed doors."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sshd
from two_balls import write_two_balls
from without_blender import ROOT, load

engine_client = load("saga_blender.engine.client")
over_ssh = load("saga_blender.engine.over_ssh")
copies = load("saga_blender.engine.copies")
mirroring = load("saga_blender.engine.mirroring")
protocol = load("backend.protocol")
errors = load("backend.errors")

ENGINE_PYTHON = os.environ.get("SAGA_ENGINE_PYTHON", sys.executable)
STAND_IN = ROOT / "tests" / "stand_in"
PATIENCE_S = 120.0  # on a machine that is busy with other things
TENSORS = 600 * 64 * 2  # bytes of the two balls' features, at the end of a trained field
MAIN_THREAD_S = 0.05  # what one call may take of the thread that draws Blender's windows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no sshd of an ordinary user")


@pytest.fixture
def connect(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", server.path)
    clients = []

    def make(folder=STAND_IN, host="gpu-box", python=ENGINE_PYTHON):
        place = over_ssh.OverSsh(host, str(folder), str(python))
        clients.append(engine_client.EngineClient(place, "cpu", tmp_path))
        return clients[-1]

    yield make
    for client in clients:
        client.close().join()


@pytest.fixture
def splat(tmp_path) -> Path:
    """A file that takes a while to send, compressible and not."""
    path = tmp_path / "a scene's folder" / "ä splat.ply"
    path.parent.mkdir()
    rng = np.random.default_rng(0)
    path.write_bytes(rng.bytes(3 << 20) + bytes(3 << 20) + b"the end")
    return path


def copy_of(server, path: Path) -> Path:
    return server.home / ".cache/saga-blender" / copies.there(path)


def pump_until(client, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert client.busy and time.monotonic() < deadline, "nothing came"
        began = time.thread_time()
        client.pump()
        assert time.thread_time() - began < MAIN_THREAD_S
        time.sleep(0.005)


def ask(client, scene: Path | str, **callbacks):
    return client.request(protocol.Info(str(scene)), **callbacks)


def cut(client) -> None:
    """Pull the plug: the ssh at this end is no more."""
    os.kill(client._process._popen.pid, signal.SIGKILL)


def test_a_file_is_there_before_it_is_asked_about_and_is_sent_once(connect, server, splat):
    client, heard = connect(), []
    client.wait(ask(client, splat, on_progress=heard.append), PATIENCE_S)
    copy = copy_of(server, splat)
    assert copy.read_bytes() == splat.read_bytes()
    assert {progress.stage for progress in heard} == {"Copying files to and from gpu-box"}
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions) and fractions[0] == 0.0 and fractions[-1] > 0.9
    private = server.home / ".cache/saga-blender"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    first = copy.stat().st_ino
    again = connect()  # knows of nothing
    again.wait(ask(again, splat), PATIENCE_S)
    assert copy.stat().st_ino == first
    splat.write_bytes(b"another splat")
    client.wait(ask(client, splat), PATIENCE_S)
    assert copy.read_bytes() == b"another splat"
    assert [path.name for path in copy.parent.iterdir()] == [splat.name]


@pytest.mark.fault("another computer: the line is cut while files are sent")
def test_sending_goes_on_where_the_line_was_cut(connect, server, splat):
    splat.write_bytes(6 * splat.read_bytes())  # or all of it is under way when the line is cut
    client, heard = connect(), []
    id = ask(client, splat, on_progress=heard.append)
    pump_until(client, lambda: any(progress.fraction > 0.5 for progress in heard))
    cut(client)
    client.wait(id, PATIENCE_S)
    told = [progress.stage.partition(",")[0] for progress in heard]
    again = len(told) - told.index("The line broke") - 1  # a word for each piece
    pieces = splat.stat().st_size / mirroring.PIECE_BYTES
    assert 0 < again <= 0.5 * pieces + mirroring.PIECES_UNDER_WAY + 2
    copy = copy_of(server, splat)
    assert copy.read_bytes() == splat.read_bytes()
    assert [path.name for path in copy.parent.iterdir()] == [splat.name]


def test_what_was_learned_comes_home_as_fast_as_the_splat_went(connect, splat):
    splat.write_bytes(np.random.default_rng(0).bytes(8 << 20))
    client, heard = connect(host="far-box"), []
    tell = lambda progress: heard.append((progress.detail, time.monotonic()))  # noqa: E731
    trained = client.wait(client.request(protocol.Train(str(splat)), on_progress=tell), PATIENCE_S)
    assert Path(trained.model).read_bytes() == splat.read_bytes()[::-1]
    times = {file: [when for what, when in heard if what == file] for file, _ in heard}
    out_s, home_s = (
        times[name][-1] - times[name][0] for name in (splat.name, Path(trained.model).name)
    )
    assert home_s < 2 * out_s


def test_what_was_deleted_here_is_not_used_there(connect, server, splat):
    cameras, masks = splat.with_name("cameras.json"), splat.with_suffix(".saga") / "masks"
    files = [splat, splat.with_name("another.ply"), cameras, masks / "a.png", masks / "b.png"]
    masks.mkdir(parents=True)
    for path in files:
        path.write_bytes(b"ours")
    client = connect()
    client.wait(ask(client, files[1]), PATIENCE_S)
    client.wait(client.request(protocol.Train(str(splat))), PATIENCE_S)
    assert all(copy_of(server, path).is_file() for path in files)
    (copy_of(server, masks) / "made there.npz").write_bytes(b"of the engine")
    for path in (cameras, files[-1]):
        path.unlink()
    client.wait(client.request(protocol.Find(str(splat), "mug")), PATIENCE_S)
    assert [path.name for path in files if not copy_of(server, path).exists()] == [
        "cameras.json", "b.png",
    ]  # fmt: skip
    assert (copy_of(server, masks) / "made there.npz").exists()
    field = splat.with_suffix(".saga") / "field.safetensors"
    assert copy_of(server, field).exists()
    field.unlink()
    client.wait(ask(client, splat), PATIENCE_S)
    assert not copy_of(server, field).exists()


@pytest.mark.fault("another computer: the line is cut while a training comes home")
@pytest.mark.parametrize("cut_off", [cut, lambda client: client.close()], ids=["line", "Blender"])
def test_what_was_learned_stays_there_until_it_has_come_home(connect, server, splat, cut_off):
    field = splat.with_suffix(".saga") / "field.safetensors"
    field.parent.mkdir()
    field.write_bytes(b"an old one")
    client, heard = connect(host="far-box"), []
    client.request(protocol.Train(str(splat)), on_progress=heard.append)
    pump_until(client, lambda: heard and heard[-1].detail == field.name)
    cut_off(client)
    assert field.read_bytes() == b"an old one"
    again = connect()
    again.wait(ask(again, splat), PATIENCE_S)
    learned = splat.read_bytes()[::-1]
    assert field.read_bytes() == copy_of(server, field).read_bytes() == learned


def test_a_picture_that_a_failure_tells_of_comes_home(connect, splat):
    splat.write_bytes(b"no splat")
    picture = splat.with_suffix(".saga") / "mismatch.png"
    client = connect()
    with pytest.raises(errors.BadInput) as raised:
        client.wait(client.request(protocol.Train(str(splat))), PATIENCE_S)
    assert raised.value.advice == f"See {picture}: both."
    assert picture.read_bytes() == b"talps on"


def test_sending_can_be_cancelled_and_the_engine_lives(connect, splat):
    client, heard = connect(), []
    id = ask(client, splat, on_progress=heard.append)
    pump_until(client, lambda: heard)
    client.cancel(id)
    with pytest.raises(errors.Cancelled):
        client.wait(id, PATIENCE_S)
    assert client.wait(ask(client, "next"), PATIENCE_S).text == "next"


def test_work_there_can_be_cancelled(connect):
    client, heard = connect(), []
    id = ask(client, "count", on_progress=heard.append)
    pump_until(client, lambda: heard)
    client.cancel(id)
    with pytest.raises(errors.Cancelled):
        client.wait(id, PATIENCE_S)


@pytest.mark.fault("another computer: the line is cut while the engine works there")
def test_a_cut_line_is_told_and_three_in_a_row_are_an_error(connect):
    client, heard = connect(), []
    id = ask(client, "count", on_progress=heard.append)
    for _ in range(2):
        pump_until(client, lambda: heard and heard[-1].stage == "Counting")
        cut(client)
        pump_until(client, lambda: heard[-1].stage.startswith("The line broke"))
    pump_until(client, lambda: heard[-1].stage == "Counting")
    cut(client)
    with pytest.raises(errors.EngineFailure, match=r"line to gpu-box broke.*goes on"):
        client.wait(id, PATIENCE_S)


@pytest.mark.fault("another computer: cannot be reached over SSH")
@pytest.mark.parametrize(
    "host, said",
    [
        ("no-such-box.invalid", "no computer called no-such-box.invalid"),
        ("a-refusing-box", "a-refusing-box refused the SSH connection"),
    ],
)
def test_a_computer_that_is_not_there(connect, host, said):
    client = connect(host=host)
    with pytest.raises(errors.EngineFailure, match=said) as raised:
        client.wait(ask(client, "anything"), PATIENCE_S)
    assert "name" in raised.value.advice


@pytest.mark.fault("another computer: refuses the key")
def test_a_key_that_is_refused(connect, server):
    allowed = (server.folder / "authorized_keys").read_bytes()
    (server.folder / "authorized_keys").write_bytes(b"")
    try:
        client = connect()
        with pytest.raises(errors.EngineFailure, match=r"does not let you in.*ssh-copy-id gpu-box"):
            client.wait(ask(client, "anything"), PATIENCE_S)
    finally:
        (server.folder / "authorized_keys").write_bytes(allowed)


@pytest.mark.fault("another computer: is not the one it was")
@pytest.mark.parametrize(
    "known, said", [(False, "gpu-box's SSH key is not known"), (True, "not the computer")]
)
def test_a_computer_that_is_not_known_or_another_one(connect, server, known, said):
    hosts = server.folder / "known_hosts"
    before = hosts.read_text()
    place = before.split()[0]
    hosts.write_text(f"{place} {(server.folder / 'key.pub').read_text()}" if known else "")
    try:
        client = connect()
        with pytest.raises(errors.EngineFailure, match=rf"{said}.*ssh gpu-box"):
            client.wait(ask(client, "anything"), PATIENCE_S)
    finally:
        hosts.write_text(before)


@pytest.mark.parametrize(
    "where, said",
    [
        ({"python": "/no/such/python"}, r"no engine's Python on gpu-box.*/no/such/python"),
        ({"python": "/tmp"}, r"no engine's Python on gpu-box.*/tmp'?: Permission denied"),
        ({"folder": "/no/such/folder"}, r"gpu-box is incomplete: No module named 'backend'\."),
        ({"python": "/bin/echo"}, r"no SAGA engine"),
    ],
)
def test_an_engine_that_is_not_there(connect, where, said):
    client = connect(**where)
    with pytest.raises(errors.EngineFailure, match=said):
        client.wait(ask(client, "anything"), PATIENCE_S)


def test_an_engine_of_another_version_says_so(connect, monkeypatch):
    monkeypatch.setattr(protocol, "PROTOCOL_VERSION", 99)
    client = connect()
    with pytest.raises(protocol.ProtocolError, match="same version"):
        client.wait(ask(client, "anything"), PATIENCE_S)


@pytest.mark.parametrize("host", ["", "-oProxyCommand=touch /tmp/owned", "a\nb"])
def test_what_is_no_host_is_refused(host):
    with pytest.raises(errors.BadInput, match="preferences"):
        over_ssh.OverSsh(host, "saga")


def test_the_shell_there_gets_every_word_as_it_is(connect, tmp_path):
    folder = tmp_path / "it's $(touch owned); a folder"
    folder.mkdir()
    (folder / "backend").symlink_to(STAND_IN / "backend")
    client = connect(folder=folder)
    assert client.wait(ask(client, "hello"), PATIENCE_S).text == "hello"
    assert over_ssh.OverSsh("box", "~/saga").command("cpu")[-1].split()[1:4] == [
        "env", "PYTHONPATH=./saga", "./saga/.venv/bin/python",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "said, here",
    [
        ("/home/u/.cache/saga-blender/anna/home/anna/my scene/s.ply", "/home/anna/my scene/s.ply"),
        ("'/c/saga-blender/anna/a/b.ply' and (anna/c d.ply)", "'/a/b.ply' and (/c d.ply)"),
        ("anna/tmp/x.pth is not usable", "/tmp/x.pth is not usable"),
        ("See /srv/anna/notes: anna is full.", "See /srv/anna/notes: anna is full."),
    ],
)
def test_copies_are_called_as_they_are_here(said, here):
    assert copies.as_here(said, "anna") == here


def test_nothing_is_left_running_there(connect, server):
    client = connect()
    client.wait(ask(client, "hello"), PATIENCE_S)
    client.close().join()
    deadline = time.monotonic() + PATIENCE_S
    mine = ["pgrep", "-f", f"PYTHONPATH={STAND_IN}|backend.server --over-ssh"]
    while subprocess.run(mine, capture_output=True).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.fault("another computer: the line is cut while it trains")
def test_training_goes_on_from_the_checkpoint_there_and_comes_home(connect, server, tmp_path):
    """And ends bit for bit as training on this computer does."""
    scenes = [write_two_balls(tmp_path / name) for name in ("here", "sent")]
    each_step = "from backend.affinity import checkpoint\n"
    each_step += "checkpoint.INTERVAL_S = checkpoint.COST = 0\n"
    (tmp_path / "sitecustomize.py").write_text(each_step)
    client, told = connect(f"{tmp_path}:{ROOT}"), []
    tell = lambda progress: told.append((progress.stage, progress.fraction))  # noqa: E731
    id = client.request(protocol.Train(str(scenes[1]), steps=200), on_progress=tell)
    pump_until(client, lambda: told and told[-1][0] == "Training" and told[-1][1] > 0.3)
    cut(client)
    pump_until(client, lambda: told[-1][0].startswith("The line broke"))
    reached = told[-2][1]
    del told[:]
    trained = client.wait(id, PATIENCE_S)
    first = next(fraction for stage, fraction in told if stage == "Training" and fraction)
    assert first >= reached - 1 / 200
    field = scenes[1].with_suffix(".saga") / "field.safetensors"
    assert trained.model == str(field)
    local = "from backend.engine import Engine; from backend.protocol import Train; import sys; "
    local += "Engine('cpu').handle(Train(sys.argv[1], steps=200))"
    command = [ENGINE_PYTHON, "-c", local, scenes[0]]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **sshd.ENVIRONMENT}, check=True)
    here = scenes[0].with_suffix(".saga") / "field.safetensors"
    assert field.read_bytes()[-TENSORS:] == here.read_bytes()[-TENSORS:]
