"""How much memory is free for this process: of the machine, of its container, of a GPU."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path("/")  # of the file system


@dataclass(frozen=True)
class ControlGroups:
    """Where Linux tells of the memory of control groups, in bytes."""

    mount: str
    limit: str
    usage: str
    cache: str  # the line of memory.stat with what is let go before anyone is killed


VERSION_1 = ControlGroups(
    "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
)
VERSION_2 = ControlGroups("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")


def free_ram(root: Path = ROOT) -> int:
    """Bytes that this process can hold in all: what it holds already counts as free."""
    free = min([psutil.virtual_memory().available, *_left_in_groups(root)])
    return max(free, 0) + psutil.Process().memory_info().rss


def free_gpu(device: str) -> int:
    """Bytes of a CUDA device that torch can hold in all: what it holds already counts as free."""
    import torch

    return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)


def _left_in_groups(root: Path) -> Iterator[int]:
    """Bytes left in each limited control group of this process: its container, its batch job."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version = VERSION_1 if controllers else VERSION_2
        mount = root / version.mount
        group = mount / path.lstrip("/")  # in a container it may lie outside of what is mounted
        for folder in (group, *group.parents):
            if folder.is_relative_to(mount):
                yield from _left(folder, version)


def _left(folder: Path, version: ControlGroups) -> Iterator[int]:
    """Bytes left in one control group, nothing where there is no limit."""
    try:
        limit, usage, stat = (
            (folder / name).read_text(encoding="utf-8").strip()
            for name in (version.limit, version.usage, "memory.stat")
        )
    except OSError:
        return
    if limit != "max":
        kept = dict(line.split() for line in stat.splitlines())
        yield int(limit) - int(usage) + int(kept.get(version.cache, 0))
