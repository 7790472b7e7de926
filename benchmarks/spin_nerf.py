"""SPIn-NeRF's multi-view masks (Mirzaei et al. 2023), prompted as in A.2 of the paper.

LABELS/SCENE/VIEW*.png are the masks of a scene. Random points inside and outside of that of the
first view are clicked; the others are the truth. Last line of the output: JSON as of `nvos`.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from backend.engine import Engine

from .published import PublishedScene, Score, read_mask, report


def measure(engine: Engine, splats: Path, labels: Path, name: str) -> tuple[Score, Score]:
    """One scene, by points inside and outside of its first mask."""
    scene = PublishedScene(engine, splats / name / "point_cloud.ply")
    masks = {scene.view_of(file): read_mask(file) for file in sorted((labels / name).glob("*.png"))}
    first, *others = masks
    rng = np.random.default_rng(0)
    clicks = tuple(
        click
        for wanted in (True, False)
        for click in scene.clicks(first, masks[first] == wanted, wanted, rng)
    )
    return scene.prompted(clicks, {view: masks[view] for view in others})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("splats", type=Path, help="folder of SCENE/point_cloud.ply, trained")
    parser.add_argument("labels", type=Path, help="folder of SCENE/VIEW*.png")
    arguments = parser.parse_args()
    names = sorted(path.name for path in arguments.labels.iterdir() if path.is_dir())
    engine = Engine()
    scores = {name: measure(engine, arguments.splats, arguments.labels, name) for name in names}
    print(json.dumps(report(scores)))


if __name__ == "__main__":
    main()
