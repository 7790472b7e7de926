"""NVOS (Ren et al. 2022), with prompts as in A.2 of the paper: random points of its scribbles.

The labels as they are handed out: LABELS/scribbles/SCENE/{pos,neg}_*.png on
LABELS/reference_image/SCENE/VIEW.JPG, and the truth LABELS/masks/SCENE/VIEW_mask.png.
Last line of the output: JSON {"best_scale": {"miou", "macc"}, "auto_scale": {the same}}.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from backend.engine import Engine

from .published import PublishedScene, Score, read_mask, report


def measure(engine: Engine, splats: Path, labels: Path, name: str) -> tuple[Score, Score]:
    """One scene, by the scribbles on its reference view."""
    scene = PublishedScene(engine, splats / name / "point_cloud.ply")
    (reference,) = (labels / "reference_image" / name).iterdir()
    rng = np.random.default_rng(0)
    clicks = ()
    for side, wanted in (("pos", True), ("neg", False)):
        drawn = [read_mask(f) for f in sorted((labels / "scribbles" / name).glob(f"{side}_*.png"))]
        if drawn:
            scribble = np.any(drawn, axis=0)
            clicks += scene.clicks(scene.view_of(reference), scribble, wanted, rng)
    truths = {
        scene.view_of(file): read_mask(file)
        for file in sorted((labels / "masks" / name).glob("*_mask.png"))
    }
    return scene.prompted(clicks, truths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("splats", type=Path, help="folder of SCENE/point_cloud.ply, trained")
    parser.add_argument("labels", type=Path, help="folder with scribbles/ and masks/ (labels/llff)")
    arguments = parser.parse_args()
    names = sorted(path.name for path in (arguments.labels / "scribbles").iterdir())
    engine = Engine()
    scores = {name: measure(engine, arguments.splats, arguments.labels, name) for name in names}
    print(json.dumps(report(scores)))


if __name__ == "__main__":
    main()
