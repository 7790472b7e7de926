"""Writes the lock files that the engine is installed from: python .ci/lock.py

uv resolves requirements/engine.txt for all platforms at once. torch comes in several
builds, so it is split off: torch-cpu.lock for a machine without an NVIDIA card and
torch-cuda.lock, with NVIDIA's libraries, for one that has it. Which of the builds a
platform takes is said by markers.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
UV = "uv==0.13.9"  # installs the rest
PYTHON = "3.11"  # the oldest that the engine runs on
CUDA_ONLY = re.compile(r"(nvidia|cuda|triton)\b")


def resolve(requirements: str) -> list[str]:
    """The locked entries, "name==version ; marker \\ --hash ..."; some packages have several."""
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "-"]
    options = ["--universal", "--python-version", PYTHON, "--generate-hashes", "--no-build"]
    plain = ["--no-annotate", "--no-header"]
    ran = subprocess.run(
        [*uv, *options, *plain], input=requirements, stdout=subprocess.PIPE, check=True, text=True
    )
    return re.split(r"\n(?=\S)", ran.stdout.strip())


def other_build(name: str, local: str, marker: str) -> str:
    """The entry of a build of torch that is not on PyPI."""
    (version,) = {file.split("-")[1] for _, file in _other_wheels(name, local)}
    return with_hashes(f"{name}=={version} ; {marker}", name, local)


def with_hashes(entry: str, name: str, local: str) -> str:
    """The entry, with the hashes of a build that is not on PyPI."""
    hashes = [f"    --hash=sha256:{digest}" for digest, _ in _other_wheels(name, local)]
    return " \\\n".join([entry, *hashes])


def _other_wheels(name: str, local: str) -> list[tuple[str, str]]:
    """SHA-256 and file of a build's wheels."""
    listed = (ROOT / ".ci" / "torch_wheels.txt").read_text(encoding="utf-8").splitlines()
    pairs = [tuple(line.split()) for line in listed if not line.startswith("#")]
    return [(d, file) for d, file in pairs if file.startswith(f"{name}-") and f"+{local}-" in file]


def only(entry: str, marker: str) -> str:
    """The entry for some platforms."""
    pin, _, hashes = entry.partition(" \\\n")
    return f"{pin} ; {marker} \\\n{hashes}"


def main() -> None:
    locked = resolve((REQUIREMENTS / "engine.txt").read_text(encoding="utf-8"))
    (torch,) = (entry for entry in locked if entry.startswith("torch=="))
    (torchvision,) = (entry for entry in locked if entry.startswith("torchvision=="))
    cuda = [entry for entry in locked if CUDA_ONLY.match(entry)]
    linux, windows = "sys_platform == 'linux'", "sys_platform == 'win32'"
    common = [entry for entry in locked if entry not in (torch, torchvision, *cuda)]
    cpu = [
        only(torch, "sys_platform != 'linux'"),
        other_build("torch", "cpu", linux),
        # uv takes torchvision from where it takes torch: on Linux that is 0.28.0+cpu.
        with_hashes(torchvision, "torchvision", "cpu"),
    ]
    cuda += [only(entry, linux) for entry in (torch, torchvision)]
    cuda += [other_build(name, "cu130", windows) for name in ("torch", "torchvision")]
    for name, entries in {
        "uv.lock": resolve(UV),
        "engine.lock": common,
        "torch-cpu.lock": cpu,
        "torch-cuda.lock": cuda,
    }.items():
        text = "\n".join(["# Written by `make lock`: do not edit.", *entries, ""])
        (REQUIREMENTS / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
