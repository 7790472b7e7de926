"""How soon a training hears that it is cancelled: the longest times between its reports.

A cancel is an exception that the report raises, so a silence is the longest that one can wait.
Everything from opening the scene to the saved model counts; before it, importing PyTorch takes
most of a second by itself. Last line of the output: JSON {"longest_silence_s"}.
"""

import argparse
import json
import time
from pathlib import Path

from backend.engine import Engine
from backend.protocol import Train

from .anew import train_anew
from .train import tabletop


class Silences:
    """Notes how long it was still before each report."""

    def __init__(self) -> None:
        self.found: list[tuple[float, str]] = []
        self._stage, self._since = "start", time.perf_counter()

    def __call__(self, stage: str, fraction: float, detail: str = "") -> None:
        now = time.perf_counter()
        self.found.append((round(now - self._since, 2), f"{self._stage} -> {stage} {fraction:.0%}"))
        self._stage, self._since = stage, now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    parser.add_argument("--views", type=int, default=100)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    arguments = parser.parse_args()
    ply, _, _ = tabletop(arguments.folder, arguments.gaussians, arguments.views, clicks=1)
    silences = Silences()
    train_anew(Engine("cpu"), Train(scene=str(ply), steps=arguments.steps), silences)
    silences("end", 1.0)
    longest = sorted(silences.found, reverse=True)[:8]
    for seconds, between in longest:
        print(f"{seconds:5.2f} s  {between}")
    print(json.dumps({"longest_silence_s": longest[0][0]}))


if __name__ == "__main__":
    main()
