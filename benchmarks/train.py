"""The paper's recipe against the fast one: same masks, same machine, from masks to saved model.

Scenes are the synthetic tabletop, at any size, and the labelled real ones.
Last line of the output: JSON {"paper": {"s", "cpu_s", "miou", "peak_gb"}, "fast": {...}, "ratio"}.
The paper's 10,000 steps take an hour or so on two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from backend.affinity.field import AffinityField
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.workspace import Workspace

from .anew import forget_training
from .random_clicks import iou_of_random_clicks
from .real import DATA, click_labelled, prepare
from .synthetic import make_scene, write_scene

Score = Callable[[], float]


def train(ply: Path, recipe: str, *options: str) -> dict[str, float]:
    """Train in a process of its own: seconds on the clock and of the processor, most memory."""
    forget_training(ply)
    command = [sys.executable, "-m", "backend", "train", str(ply), "--recipe", recipe, "--json"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
    peak, running = 0, psutil.Process(process.pid)
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        peak = max(peak, running.memory_info().rss)  # usage.ru_maxrss begins with what we hold
        time.sleep(0.01)
    answer = json.load(process.stdout)
    _, status, usage = ended
    if status:
        sys.exit(f"training failed: {answer}")
    return {
        "s": round(answer["seconds"], 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),  # the same under any load
        "peak_gb": round(peak / 1e9, 2),
    }


def tabletop(
    folder: Path, gaussians: int, views: int, clicks: int
) -> tuple[Path, list[str], Score]:
    """The synthetic scene on disk with its exact masks, and what scores a training of it."""
    scene = make_scene("tabletop", gaussians, views)
    ply = folder / f"tabletop_{gaussians}_{views}" / "tabletop.ply"
    with ProgressBar() as report:
        part_maps = write_scene(scene, ply, report)

    def score() -> float:
        field, _ = AffinityField.load(Workspace(ply).field)
        return iou_of_random_clicks(scene, part_maps, field, clicks)

    return ply, [], score


def real_scene(folder: Path, name: str) -> tuple[Path, list[str], Score]:
    """A labelled scene with its ready masks, and what scores a training of it."""
    source = DATA / "scenes" / name
    scene = prepare(source, folder / name)

    def score() -> float:
        return float(np.mean([o["best"] for o in click_labelled(Engine("cpu"), scene).values()]))

    return scene.ply, ["--views", str(source), "--masks", str(source / "sam_masks")], score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, default=100_000)
    parser.add_argument("--views", type=int, default=48)
    parser.add_argument("--clicks", type=int, default=3, help="on each thing of the tabletop")
    parser.add_argument("--real", metavar="SCENE", help="a labelled real scene instead")
    parser.add_argument("--recipes", nargs="+", default=["fast", "paper"])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    arguments = parser.parse_args()
    if arguments.real:
        ply, options, score = real_scene(arguments.folder, arguments.real)
    else:
        sizes = arguments.gaussians, arguments.views, arguments.clicks
        ply, options, score = tabletop(arguments.folder, *sizes)
    results = {}
    for recipe in arguments.recipes:
        results[recipe] = train(ply, recipe, *options) | {"miou": round(score(), 3)}
        print(f"{recipe:6} {results[recipe]}", flush=True)
    if {"paper", "fast"} <= results.keys():
        results["ratio"] = round(results["paper"]["s"] / results["fast"]["s"], 1)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
