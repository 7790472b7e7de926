"""Fewer prompts: clicks after training on the masks of a quarter of the points of a grid.

The masks that lie ready with the real scenes come from all 256 points; those of at most 64 points
are made here, of the same views. Last line of the output: JSON with the mean IoU of the labelled
objects of each scene after either training, at the best of ten scales and at the automatic one, and
how many times fewer the prompts were.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from backend.cameras.photographs import load_photograph
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.masks.make import make_masks
from backend.masks.sam import MaskSettings, load_sam, settings_for
from backend.masks.store import MaskStore
from backend.protocol import Train

from .anew import train_anew
from .real import CHECKPOINT, DATA, RealScene, click_labelled, prepare

GRID, FEW = MaskSettings(), settings_for("cpu")


def few_masks(scene: RealScene, ready: MaskStore) -> Path:
    """Masks of few points of each view that has ready ones, made unless they are there."""
    store = MaskStore(scene.work / "few")
    cameras = [camera for camera in scene.cameras.values() if camera.name in ready]
    generator = load_sam(CHECKPOINT, settings=FEW)
    with ProgressBar() as report:
        make_masks(cameras, store, generator, load_photograph, report)
    return store.folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/prompts"))
    parser.add_argument("--seeds", type=int, default=1, help="trainings to average")
    parser.add_argument("--fresh", action="store_true", help="make the masks anew")
    parser.add_argument("scenes", nargs="*", default=["kitchen", "plush"])
    arguments = parser.parse_args()
    engine, results = Engine(), {}
    for name in arguments.scenes:
        scene = prepare(DATA / "scenes" / name, arguments.folder / name)
        if arguments.fresh:
            shutil.rmtree(scene.work / "few", ignore_errors=True)
        ready = scene.source / "sam_masks"
        ways = {"grid": ready, "few": few_masks(scene, MaskStore(ready))}
        results[name] = {}
        for way, masks in ways.items():
            place = {"scene": str(scene.ply), "views": str(scene.source), "masks": str(masks)}
            found = []
            for seed in range(arguments.seeds):
                with ProgressBar() as report:
                    train_anew(engine, Train(**place, seed=seed), report)
                found += click_labelled(engine, scene).values()
            results[name][way] = {
                scale: round(float(np.mean([one[scale] for one in found])), 3)
                for scale in ("best", "auto")
            }
        print(f"{name}: {results[name]}", flush=True)
    print(json.dumps(results | {"fewer": GRID.most_points / FEW.most_points}))


if __name__ == "__main__":
    main()
