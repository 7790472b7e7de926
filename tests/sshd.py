"""A real SSH server on loopback, of an ordinary user, in a scratch folder."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PATIENCE_S = 20.0
ENVIRONMENT = {  # of what is started there: one thread, which sleeps when it has nothing to do
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "NUMBA_NUM_THREADS": "1",
    "XDG_CACHE_HOME": "",
}

SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv HOME={folder}/home {environment}
"""
CLIENT = """\
Host far-box
    ProxyCommand {python} {far_line} {port} 0.05
    HostKeyAlias [127.0.0.1]:{port}
Host gpu-box far-box
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {folder}/key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
Host a-refusing-box
    HostName 127.0.0.1
    Port {refusing}
"""


@dataclass(frozen=True)
class Server:
    """A server that is running."""

    folder: Path  # its scratch folder
    process: subprocess.Popen

    @property
    def home(self) -> Path:
        """What the engine takes for the home folder there."""
        return self.folder / "home"

    @property
    def path(self) -> str:
        """A PATH with an `ssh` that knows `gpu-box`, as the person's ~/.ssh/config would.

        As `far-box` it is 50 ms away.
        """
        return f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start the server; skips the test where there is none to start."""
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("no sshd: install openssh-server (it need not be switched on)")
    user, as_user = _ordinary_user(folder)
    port = _free_port()
    environment = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    known = {"environment": environment}
    known |= {"python": sys.executable, "far_line": Path(__file__).with_name("far_line.py")}
    known |= {"folder": folder, "port": port, "user": user, "refusing": _free_port()}
    for name in ("host_key", "key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(command, check=True)
    shutil.copy(folder / "key.pub", folder / "authorized_keys")
    host_key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (folder / "sshd_config").write_text(SERVER.format(**known))
    (folder / "ssh_config").write_text(CLIENT.format(**known))
    (folder / "home").mkdir()
    (folder / "bin").mkdir()
    wrapper = folder / "bin" / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
    wrapper.chmod(0o755)
    with (folder / "sshd.log").open("wb") as log:
        command = [*as_user, SSHD, "-D", "-e", "-f", folder / "sshd_config"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
    try:
        _wait_until_open(port, process, folder / "sshd.log")
        yield Server(folder, process)
    finally:
        process.terminate()
        process.wait()


def _ordinary_user(folder: Path) -> tuple[str, list[str]]:
    """Who logs in, and what makes the server theirs.

    Root, as in a container, becomes one in a user namespace that has a passwd of its own.
    """
    if os.getuid() != 0:
        return getpass.getuser(), []
    (folder / "passwd").write_text(f"artist:x:1000:1000::{folder}/home:/bin/sh\n")
    (folder / "shadow").write_text("artist:*:1::::::\n")
    mounts = [f"mount --bind {folder}/{name} /etc/{name}" for name in ("passwd", "shadow")]
    become = " && ".join([*mounts, 'exec unshare --user --map-user=1000 "$@"'])
    as_artist = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", become, "sh"]
    if subprocess.run([*as_artist, "true"], capture_output=True).returncode != 0:
        pytest.skip("root cannot become an ordinary user here: run the tests as one")
    return "artist", as_artist


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_open(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.skip(f"sshd does not start here: {log.read_text().strip()}")
