"""The engine on another computer: how it is reached, and what kept it from being reached."""

import queue
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from ...backend.errors import BadInput, EngineFailure, SagaError
from .child_process import last_lines
from .mirroring import MirroringProcess

SSH = (
    "ssh",
    *("-T", "-x", "-a"),  # no terminal, no windows, no keys of ours there,
    *("-o", "ClearAllForwardings=yes"),  # and no port, whatever the person's own settings are
    *("-o", "BatchMode=yes"),  # never waits for a password that nobody can type
    *("-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=3"),
    *("-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"),  # a dead line ends in 30 s
)
MOST_LINES = 30  # of what is said about a connection that failed
EXIT_SSH = 255  # of ssh's own troubles
EXIT_NOT_FOUND = (126, 127)  # of the shell there
NO_MODULE = re.compile(r"No module named '[^']+'")
# What ssh says of its troubles, what that means, and what to do.
TROUBLES = (
    (
        "Could not resolve hostname",
        "There is no computer called {host}.",
        "Check its name in the add-on's preferences.",
    ),
    (
        "IDENTIFICATION HAS CHANGED",
        "{host} is not the computer that it was before, or someone pretends to be it.",
        "Ask who looks after it; then connect once in a terminal: ssh {host}",
    ),
    (
        "Host key verification failed",
        "{host}'s SSH key is not known on this computer.",
        "Connect once in a terminal and say yes to its key: ssh {host}",
    ),
    (
        "Permission denied",
        "{host} does not let you in with your key.",
        "Give it your key once in a terminal: ssh-copy-id {host} (and ssh-add where it has a "
        "passphrase)",
    ),
    (
        "Connection refused",
        "{host} refused the SSH connection.",
        "Check its name, or ask who looks after it to start its SSH server.",
    ),
)


@dataclass(frozen=True)
class OverSsh:
    """An engine in a folder of another computer."""

    host: str  # as ssh knows it: a name, user@name, or one of the person's own settings
    folder: str  # there: it holds `backend`; absolute, or seen from the home folder
    python: str = ""  # there; "" for the folder's own environment

    def __post_init__(self) -> None:
        """Raises BadInput where something is missing, or no name of a computer."""
        if not self.host or self.host.startswith("-") or not self.host.isprintable():
            raise BadInput(
                f"{self.host!r} is no name of a computer." if self.host else "No host is given.",
                "Name one in the add-on's preferences, as in: ssh NAME",
            )
        if not self.folder:
            raise BadInput(
                f"Where the engine lies on {self.host} is not given.",
                "Name its folder in the add-on's preferences.",
            )

    def command(self, device: str) -> list[str]:
        """What starts it; the shell there gets every word as it is."""
        folder = _from_home(self.folder)
        python = _from_home(self.python) or f"{folder}/.venv/bin/python"
        there = ["env", f"PYTHONPATH={folder}", python, "-m", "backend.server", "--over-ssh"]
        return [*SSH, "--", self.host, "exec " + shlex.join([*there, "--device", device])]

    def start(self, device: str, log_path: Path, events: queue.SimpleQueue) -> "SshProcess":
        """Start it on a device: "auto", "cpu" or "cuda"."""
        return SshProcess(self.host, self.command(device), log_path, events)

    def not_started(self, error: OSError) -> SagaError:
        """What to tell when it could not be."""
        return BadInput(
            f"The program ssh could not be started: {error}.",
            "Install OpenSSH, which Windows has among its optional features.",
        )


def _from_home(path: str) -> str:
    """A path as seen from the home folder, where ssh begins: quoted, a ~ means nothing."""
    return f"./{path[2:]}" if path.startswith("~/") else path


class SshProcess(MirroringProcess):
    """The engine at the other end of ssh."""

    @property
    def line_broke(self) -> bool:
        """Whether it had answered until ssh, or the line, or the engine there was cut off."""
        code = self.exit_code
        return self.ready and self.failure is None and code is not None and not 0 <= code < EXIT_SSH

    def why(self) -> SagaError:
        """Why it ended, in the artist's words."""
        if self.line_broke:
            return EngineFailure(
                f"The line to {self.host} broke, or the engine there was ended.",
                "What was trained so far is kept there: start again and it goes on. "
                f"The log is {self._log_path}.",
            )
        return self.failure or self._not_reached()

    def _not_reached(self) -> SagaError:
        said = last_lines(self._log_path, MOST_LINES, self._log_begins)[::-1]
        words = said[0] if said else "nothing"
        if self.exit_code in EXIT_NOT_FOUND:
            return EngineFailure(
                f"There is no engine's Python on {self.host} where it should be.",
                f'Check its folder and its Python in the add-on\'s preferences. "{words}"',
            )
        if self.exit_code == EXIT_SSH and (trouble := _trouble_in(said)):
            message, advice = (sentence.format(host=self.host) for sentence in trouble)
            return EngineFailure(message, advice)
        if missing := NO_MODULE.search("\n".join(said)):
            return EngineFailure(
                f"The engine on {self.host} is incomplete: {missing[0]}.",
                "Check its folder and its Python in the add-on's preferences.",
            )
        return EngineFailure(
            f'{self.host} could not be reached, or the engine there stopped. It said: "{words}".',
            f"Check the line and try again. The log is {self._log_path}.",
        )


def _trouble_in(said: list[str]) -> tuple[str, str] | None:
    """What a trouble that ssh told of means, and what to do; None for one that is not known."""
    for words, *trouble in TROUBLES:
        if any(words in line for line in said):
            return tuple(trouble)
    return None
