"""What control groups leave, from files as Linux writes them."""

from pathlib import Path

import psutil
import pytest

from backend.memory.free import free_ram

GB = 10**9
VERSION_1 = "3:cpuset:/\n4:memory:/docker/some container\n0::/\n"
FILES_1 = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
FILES_2 = "memory.max", "memory.current", "inactive_file"


def write_group(folder: Path, files: tuple[str, str, str], limit: int | str, used: int) -> None:
    """A group whose cache of 1 GB counts as used."""
    folder.mkdir(parents=True, exist_ok=True)
    limit_file, usage_file, cache = files
    (folder / limit_file).write_text(f"{limit}\n")
    (folder / usage_file).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{cache} {GB}\n")


def root_of(folder: Path, groups: str) -> Path:
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(groups)
    return folder


def assert_left(root: Path, left: int) -> None:
    held = psutil.Process().memory_info().rss
    assert free_ram(root) - held == pytest.approx(left, abs=50e6)


def test_the_tightest_group_counts_also_one_above(tmp_path):
    root = root_of(tmp_path, "0::/slice/job\n")
    groups = root / "sys/fs/cgroup"
    write_group(groups / "slice/job", FILES_2, "max", 2 * GB)
    write_group(groups / "slice", FILES_2, 3 * GB, int(2.5 * GB))
    assert_left(root, int(1.5 * GB))  # with the cache


def test_a_container_sees_its_own_group_as_the_uppermost(tmp_path):
    root = root_of(tmp_path, VERSION_1)
    write_group(root / "sys/fs/cgroup/memory", FILES_1, 2 * GB, int(1.25 * GB))
    assert_left(root, int(1.75 * GB))


def test_without_limits_it_is_what_the_machine_has(tmp_path):
    root = root_of(tmp_path / "one", VERSION_1)
    write_group(root / "sys/fs/cgroup/memory", FILES_1, 9223372036854771712, GB)
    for machine in (root, tmp_path / "no Linux"):
        assert free_ram(machine) > psutil.virtual_memory().available / 2
