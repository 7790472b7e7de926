"""Runs the tests of what goes wrong and prints what was survived: python .ci/faults.py

A test is marked with the fault that it brings about, "of what: which" (`pytest.mark.fault`), and
records "lost" when something of the person's is gone after it. The last line is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / ".venv" / "bin" / "python"
RUNS = (  # (environment, what is tested in it), side by side: they wait more than they work
    (".venv", ["tests", "--ignore", "tests/saga_blender"]),
    (".venv-bpy45", ["tests/saga_blender"]),
    (".venv-bpy52", ["tests/saga_blender/test_engine_in_blender.py"]),  # the rest needs no Blender
)


@dataclass
class Tally:
    """What became of one kind of fault."""

    tried: int = 0
    survived: int = 0
    lost: int = 0


def run(python: Path, tests: list[str], report: Path) -> str:
    """Run the marked tests, quick and slow; what fails shows in the report. What pytest printed."""
    command = [python, "-m", "pytest", "-rs", "--durations=5", "-m", "fault", *tests]
    ran = subprocess.run(
        [*command, f"--junitxml={report}"],
        cwd=ROOT,
        env={**os.environ, "SAGA_ENGINE_PYTHON": str(ENGINE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return f"=== {python.parents[1].name}\n{ran.stdout}"


def count(report: Path, tallies: dict[str, Tally]) -> None:
    """Add what a report of pytest's says."""
    for case in ElementTree.parse(report).iter("testcase"):
        said = {item.get("name"): item.get("value") for item in case.iter("property")}
        if case.find("skipped") is not None or "fault" not in said:
            continue
        tally = tallies[said["fault"]]
        tally.tried += 1
        tally.survived += all(case.find(bad) is None for bad in ("failure", "error"))
        tally.lost += int(said.get("lost", 0))


def print_table(tallies: dict[str, Tally]) -> None:
    """A row for all faults of one thing."""
    of_one: dict[str, dict[str, Tally]] = defaultdict(dict)
    for fault, tally in sorted(tallies.items()):
        thing, _, which = fault.partition(": ")
        of_one[thing][which] = tally
    print("\n| of | faults | tried | survived | data lost |\n| --- | --- | --- | --- | --- |")
    for thing, faults in of_one.items():
        figures = (sum(getattr(t, n) for t in faults.values()) for n in vars(Tally()))
        print(f"| {thing} | {'; '.join(faults)} | {' | '.join(map(str, figures))} |")


def main() -> int:
    tallies: dict[str, Tally] = defaultdict(Tally)
    under_way: dict[Path, Future[str]] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        for name, tests in RUNS:
            python, report = ROOT / name / "bin/python", Path(folder, f"{name}.xml")
            if python.exists():
                under_way[report] = threads.submit(run, python, tests, report)
        for report, output in under_way.items():
            print(output.result(), flush=True)
            count(report, tallies)
    print_table(tallies)
    survived = sum(tally.survived == tally.tried for tally in tallies.values())
    lost = sum(tally.lost for tally in tallies.values())
    print(json.dumps({"faults": len(tallies), "survived": survived, "lost": lost}))
    return 0 if tallies and survived == len(tallies) and not lost else 1


if __name__ == "__main__":
    sys.exit(main())
