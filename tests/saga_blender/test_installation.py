"""Installing the engine, from wheels made on the spot."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from package_index import write_wheel
from processes import gone
from without_blender import ROOT, load

plan = load("saga_blender.installation.plan")
installer = load("saga_blender.installation.installer")
environment = load("saga_blender.installation.environment")
child_process = load("saga_blender.engine.child_process")
errors = load("backend.errors")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An environment to make of two tiny wheels, with no network to get uv or anything else."""
    root, wheels = tmp_path / "add-on", tmp_path / "wheels"
    for folder in (root / "requirements", root / "backend", wheels):
        folder.mkdir(parents=True)
    for lock, name in (("engine", "numbers_of"), ("torch-cpu", "torches")):
        pin = f"{name}==1.0 --hash=sha256:{write_wheel(wheels, name)}\n"
        (root / "requirements" / f"{lock}.lock").write_text(pin)
    (root / "requirements" / "uv.lock").write_text("uv==0 --hash=sha256:" + "0" * 64 + "\n")
    (root / "backend" / "__init__.py").touch()
    (root / "backend" / "warm_up.py").write_text("import numbers_of, torches; print('It works.')")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setattr(installer, "choose_build", lambda: plan.CPU)
    monkeypatch.setattr(installer, "POLL_S", 0.02)
    return environment.Environment(tmp_path / "new folder" / "engine", root)


def install(place, **options):
    installation = installer.Installation(place, sys.executable, **options)
    installation.start()
    return installation.wait()


@pytest.mark.slow
@pytest.mark.fault("the installation: a download that was tampered with")
def test_what_was_tampered_with_is_refused_and_the_next_try_goes_on(place):
    lock = place.package_root / "requirements" / "torch-cpu.lock"
    right = lock.read_text()
    lock.write_text(right.replace("sha256:", "sha256:0000")[: len(right)])
    assert place.state == "missing"
    with pytest.raises(errors.EngineFailure, match="not the one that it should be"):
        install(place)
    assert place.state == "unfinished"
    lock.write_text(right)
    assert install(place) == "It works."
    assert place.state == "ready" and not plan.cache_of(place.folder).exists()

    lock.write_text(right + "\n")  # an add-on with other packages
    assert place.state == "outdated"
    install(place)
    assert place.state == "ready"

    place.python.unlink()
    place.python.symlink_to(place.folder / "no such Blender")
    assert place.state == "broken"
    install(place)
    assert place.state == "ready"

    place.remove()
    assert list(place.folder.parent.iterdir()) == [] and place.state == "missing"


ASLEEP = """
import os, time
print("asleep as", os.getpid(), flush=True)
time.sleep(60)
"""
BLENDER = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / ".ci")!r})
from without_blender import load
installer = load("saga_blender.installation.installer")
installer.choose_build = lambda: load("saga_blender.installation.plan").CPU
place = load("saga_blender.installation.environment").Environment(*map(Path, sys.argv[1:]))
installation = installer.Installation(place, sys.executable)
installation.start()
installation.wait()
"""


@pytest.mark.slow
@pytest.mark.fault("the installation: cancelled, or killed with its Blender")
def test_an_interrupted_installation_goes_on(place):
    sleeper = place.package_root / "backend" / "warm_up.py"
    works = sleeper.read_text()
    sleeper.write_text(ASLEEP)
    installation = installer.Installation(place, sys.executable)
    installation.start()
    while installation.label != "Trying it out":
        time.sleep(0.02)
    with pytest.raises(errors.BadInput, match="Another Blender is installing"):
        install(place)
    began = time.monotonic()
    installation.cancel()
    with pytest.raises(errors.Cancelled):
        installation.wait()
    assert time.monotonic() - began < 2 and place.state == "unfinished"

    place.log.unlink()
    blender = subprocess.Popen([sys.executable, "-c", BLENDER, place.folder, place.package_root])
    while not place.log.exists() or b"asleep as" not in place.log.read_bytes():
        time.sleep(0.02)
    blender.kill()
    blender.wait()
    asleep = int(re.search(rb"asleep as (\d+)", place.log.read_bytes())[1])
    assert gone(asleep), "it ends with its Blender"
    with pytest.raises(errors.BadInput, match="Another Blender is installing"):
        install(place)  # as long as it may be another one that lives
    assert place.state == "unfinished"
    sleeper.write_text(works)
    long_ago = time.time() - 60
    os.utime(place.folder.with_name("installing"), (long_ago, long_ago))
    assert install(place) == "It works."


@pytest.mark.slow
@pytest.mark.fault("the installation: moved to another disk")
def test_what_was_moved_works_there_and_can_be_updated(place, tmp_path):
    install(place)
    moved = environment.Environment(tmp_path / "other disk" / "engine", place.package_root)
    shutil.copytree(place.folder, moved.folder, symlinks=True)
    shutil.rmtree(place.folder)
    assert (place.state, moved.state) == ("missing", "ready")
    works = subprocess.run(
        plan.warm_up(moved.folder), cwd=place.package_root, stdout=subprocess.PIPE, check=True
    )
    assert works.stdout.strip() == b"It works."
    with (place.package_root / "requirements" / "engine.lock").open("a") as lock:
        lock.write("\n")
    assert moved.state == "outdated"
    assert install(moved) == "It works." and moved.state == "ready"


@pytest.mark.fault("a full disk: no room for the engine")
def test_a_disk_without_room_is_said_before_anything_is_made(place, monkeypatch):
    monkeypatch.setattr(installer, "choose_build", lambda: plan.Build("cpu", 1, 1e9))
    with pytest.raises(errors.BadInput, match="needs 1e\\+09 GB"):
        install(place)
    assert list(place.folder.parent.iterdir()) == []


@pytest.mark.parametrize(
    "said, kind, sentence",
    [
        ("OSError: [Errno 28] No space left on device", "BadInput", "disk is full"),
        ("cause: dns error", "MissingSoftware", "could not be downloaded"),
        ("one\nlast", "EngineFailure", "last"),
    ],
)
def test_what_tools_say_is_put_into_words(place, said, kind, sentence):
    error = installer._explained(said, place)
    assert type(error).__name__ == kind and sentence in error.message and error.advice


CARDS = {
    "NVIDIA GeForce RTX 4070, 580.88, 8.9": ("cuda", "compute on NVIDIA GeForce RTX 4070"),
    "NVIDIA GeForce RTX 4070, 535.10, 8.9": ("cpu", "Update it to 580"),
    "NVIDIA GeForce GTX 1080, 580.88, 6.1": ("cpu", "too old"),
    "Failed to initialize NVML": ("cpu", "No NVIDIA"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the stand-in is a shell script")
@pytest.mark.parametrize("said", CARDS)
def test_the_build_follows_the_graphics_card(said, tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{said}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    build = plan.choose_build()
    name, why = CARDS[said]
    assert build.name == name and why in build.why
    assert build.local == ("" if name == "cuda" else "cpu")
    assert all(lock.is_file() for lock in plan.lock_files(name, ROOT))


def test_the_locks_hold_what_the_engine_imports_in_the_same_versions():
    wanted = (ROOT / "requirements" / "engine.txt").read_text(encoding="utf-8").splitlines()
    lines = [line.split("#")[0].strip() for line in wanted]
    pins = {line.lower().replace("_", "-") for line in lines if line}
    for build in ("cpu", "cuda"):
        locked = "".join(lock.read_text(encoding="utf-8") for lock in plan.lock_files(build, ROOT))
        for pin in pins:
            assert f"\n{pin} " in locked, f"run `make lock`: {pin}"
        entries = [line for line in locked.splitlines() if line[0] not in " #"]
        assert all("==" in entry and entry.endswith("\\") for entry in entries)


STARTS_ANOTHER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


SIGNALS = [] if os.name == "nt" else [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("ended_by", ["stdin", *SIGNALS])
def test_what_is_on_a_leash_ends_with_all_that_it_started(tmp_path, ended_by):
    command = (sys.executable, "-c", STARTS_ANOTHER)
    heard = SIGNALS and signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under `nohup`
    process = child_process.start_on_leash(sys.executable, command, tmp_path, subprocess.PIPE)
    if SIGNALS:
        signal.signal(signal.SIGHUP, heard)
    started = int(process.stdout.readline())
    if ended_by == "stdin":
        process.stdin.close()
    else:
        process.send_signal(ended_by)
    process.wait(20)
    process.stdin.close()
    process.stdout.close()
    assert gone(started)
