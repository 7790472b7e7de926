"""A real Slurm of one node on loopback, in a scratch folder: controller, node and munge."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
STARTS_WITHIN_S = 20.0

# The node claims more than it may have; two devices that are everywhere stand in for GPUs.
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SelectType=select/cons_tres
SlurmdParameters=config_overrides
KillWait=1
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=32768 Gres=gpu:2
PartitionName=all Nodes={host} Default=YES
"""
GPUS = "Name=gpu File=/dev/null,/dev/zero\n"


@dataclass(frozen=True)
class Slurm:
    """One that is running."""

    folder: Path  # its scratch folder

    @property
    def environment(self) -> dict[str, str]:
        """With which Slurm's own commands find it."""
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def say(self, *command: str) -> str:
        """What one of Slurm's commands prints."""
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return ran.stdout.strip()

    def is_idle(self) -> bool:
        """Whether no job waits or runs."""
        return not self.say("squeue", "--noheader")

    def wait_until(self, holds: Callable[[], bool], patience_s: float = 120.0) -> None:
        """Until something holds.

        Raises:
            TimeoutError: it does not; with what Slurm is at.
        """
        deadline = time.monotonic() + patience_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(self.say("squeue"))
            time.sleep(0.1)


@contextmanager
def running(folder: Path) -> Iterator[Slurm]:
    """Start it; skips the test where there is none, or none that starts."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCHED) is None]
    if missing:
        pytest.skip(f"no {missing[0]}: install slurmctld, slurmd, slurm-client and munge")
    _configure(folder)
    slurm = Slurm(folder)
    munge = {name: f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed")}
    with ExitStack() as ends:
        options = ["--foreground", "--force", f"--socket={folder}/munge.socket", *munge.values()]
        for daemon in (["munged", *options], ["slurmctld", "-D"], ["slurmd", "-D"]):
            ends.enter_context(_daemon(slurm, *daemon))
        try:
            slurm.wait_until(lambda: slurm.say("sinfo", "-h", "-o%T") == "idle", STARTS_WITHIN_S)
        except TimeoutError:
            said = "\n".join(log.read_text().strip() for log in sorted(folder.glob("*.out")))
            pytest.skip(f"Slurm does not start here: {said}")
        try:
            yield slurm
        finally:
            slurm.say("scancel", f"--user={getpass.getuser()}")
            slurm.wait_until(slurm.is_idle)


def _configure(folder: Path) -> None:
    host = socket.gethostname().partition(".")[0]
    known = {"folder": folder, "user": getpass.getuser(), "host": host}
    with closing(socket.socket()) as one, closing(socket.socket()) as other:  # so, they differ
        for port, probe in (("controller_port", one), ("node_port", other)):
            probe.bind(("127.0.0.1", 0))
            known[port] = probe.getsockname()[1]
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**known))
    (folder / "gres.conf").write_text(GPUS)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)


@contextmanager
def _daemon(slurm: Slurm, name: str, *options: str) -> Iterator[None]:
    command = [shutil.which(name, path=SEARCHED), *options]
    with (slurm.folder / f"{name}.out").open("wb") as log:
        process = subprocess.Popen(
            command, env=slurm.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
