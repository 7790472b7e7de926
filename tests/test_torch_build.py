"""Which build of PyTorch uv takes, and from where, when it is told what the installer tells it.

Stand-ins: the package indexes, the graphics card, and by uv's own options the platform.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import package_index
import pytest
from package_index import write_wheel
from without_blender import ROOT, load

plan = load("saga_blender.installation.plan")

PYPI, PYTORCH = "pypi.test/simple", "download.pytorch.org/whl"
PLATFORMS = {  # how uv and how file names call them
    "linux": ("x86_64-unknown-linux-gnu", "manylinux_2_28_x86_64"),
    "win32": ("x86_64-pc-windows-msvc", "win_amd64"),
    "darwin": ("aarch64-apple-darwin", "macosx_14_0_arm64"),
}
CHOICES = [  # platform, Python, NVIDIA driver -> version of torch, and the index of it
    ("linux", "3.11", None, "2.13.0+cpu", f"{PYTORCH}/cpu"),
    ("linux", "3.13", 570, "2.13.0+cpu", f"{PYTORCH}/cpu"),
    ("linux", "3.13", 580, "2.13.0", PYPI),  # whose builds for Linux are CUDA's
    ("win32", "3.11", None, "2.13.0", PYPI),  # whose builds for Windows are the processor's
    ("win32", "3.11", 580, "2.13.0+cu130", f"{PYTORCH}/cu130"),
    ("win32", "3.13", 580, "2.13.0+cu130", f"{PYTORCH}/cu130"),
    ("darwin", "3.13", None, "2.13.0", PYPI),
]


@pytest.fixture(scope="module")
def uv() -> list[str]:
    """A command that runs uv."""
    command = [sys.executable, "-m", "uv"]
    if subprocess.run([*command, "--version"], capture_output=True).returncode:
        pytest.skip("no uv: run `make setup`")
    return command


@pytest.fixture
def index(tmp_path):
    with package_index.running(tmp_path) as running:
        yield running


@pytest.fixture
def environment(tmp_path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    return tmp_path / "env"


def publish_what_is_locked(index, build: str, platform: str, python: str) -> None:
    """PyPI has what the lock says, for this platform; PyTorch has .ci/torch_wheels.txt."""
    tags = f"cp{python.replace('.', '')}-cp{python.replace('.', '')}-{PLATFORMS[platform][1]}"
    lock = (ROOT / "requirements" / f"torch-{build}.lock").read_text(encoding="utf-8")
    for name, version, digest in re.findall(r"^([\w-]+)==([\d.]+) .*\n.*sha256:(\w+)", lock, re.M):
        file = f"{name.replace('-', '_')}-{version}-{tags}.whl"
        index.add(f"{PYPI}/{name}/", file, digest)
    for line in (ROOT / ".ci" / "torch_wheels.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            digest, file = line.split()
            name, local = re.match(r"(\w+)-[\d.]+\+(\w+)-", file).groups()
            index.add(f"{PYTORCH}/{local}/{name}/", file, digest)


def uv_command(uv, environment, build, root) -> list[str]:
    """What the installer runs, but for where uv is."""
    (step,) = (s for s in plan.steps(environment, "", build, root) if s.label[-7:] == "PyTorch")
    python, *rest = step.commands[0]
    assert rest[:2] == ["-m", "uv"]
    real = str(next(environment.glob("[bS]*/python*")))
    return [*uv, *(real if word == python else word for word in rest[2:])]


@pytest.mark.parametrize(("platform", "python", "driver", "version", "source"), CHOICES)
def test_what_uv_takes_is_what_the_card_needs_and_what_is_locked(
    platform, python, driver, version, source, uv, index, environment, monkeypatch
):
    card = driver and plan._Card("a card", driver, 8.9)
    with monkeypatch.context() as there:
        there.setattr(plan, "_graphics_card", lambda: card)
        there.setattr(plan, "sys", SimpleNamespace(platform=platform))
        build = plan.choose_build()
        command = uv_command(uv, environment, build, ROOT)
    assert build.name == ("cuda" if driver == 580 else "cpu")
    publish_what_is_locked(index, build.name, platform, python)
    there = ["--python-platform", PLATFORMS[platform][0], "--python-version", python]
    ran = subprocess.run(
        [*command, "--dry-run", "-v", *there],
        env=index.environment | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    taken = dict(re.findall(r"Selecting: (torch\w*)==.*\((.*)\)", ran.stderr))
    lock = plan.lock_files(build.name, ROOT)[1].read_text(encoding="utf-8")
    assert taken["torch"].split("-")[1] == version
    for name in ("torch", "torchvision"):
        (page,) = (page for page in set(index.asked) if page.endswith(f"/{name}/"))
        assert page == f"{source}/{name}/"
        assert index.pages[page][taken[name]] in lock


@pytest.mark.parametrize(
    ("driver", "backend"),
    [("580.65", "cu130"), ("570.86", "cu128"), ("520.61", "cu118"), ("", "cpu")],
)
def test_uv_by_itself_would_take_cuda_13_from_the_same_driver_on(
    driver, backend, uv, index, environment
):
    """It must not choose: of what it would take for older ones, no version and hash is locked."""
    command = uv_command(uv, environment, plan.CPU, ROOT)
    subprocess.run(
        [*command, "--torch-backend=auto", "--dry-run"],
        env=index.environment | {"UV_CUDA_DRIVER_VERSION": driver}, capture_output=True,
    )  # fmt: skip
    assert f"{PYTORCH}/{backend}/torch/" in index.asked
    assert (backend == "cu130") == (float(driver or 0) >= plan.CUDA_DRIVER)


@pytest.mark.parametrize("says_hashes", [True, False])  # PyTorch's index leaves some out
def test_a_wheel_of_pytorchs_index_with_another_hash_is_refused(
    says_hashes, uv, index, environment, tmp_path
):
    write_wheel(tmp_path, "torch")
    file = "torch-1.0-py3-none-any.whl"
    index.contents[file] = (tmp_path / file).read_bytes()
    right = hashlib.sha256(index.contents[file]).hexdigest()
    index.add(f"{PYTORCH}/cpu/torch/", file, right if says_hashes else "")
    (tmp_path / "requirements").mkdir()
    lock = tmp_path / "requirements" / "torch-cpu.lock"
    command = uv_command(uv, environment, plan.Build("cpu", 0, 0, local="cpu"), tmp_path)
    for digest, refused in (("0" * 64, True), (right, False)):
        lock.write_text(f"torch==1.0 --hash=sha256:{digest}\n")
        ran = subprocess.run(command, env=index.environment, capture_output=True, text=True)
        assert bool(ran.returncode) == refused and ("Hash mismatch" in ran.stderr) == refused
