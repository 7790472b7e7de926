"""3D-OVS (Liu et al. 2023): every class of a scene found by its name.

SCENE/segmentations/VIEW/CLASS.png are the masks, SCENE/segmentations/classes.txt the names, one a
line. Last line of the output: JSON {"miou", "macc"}, means over scenes of means over classes.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from backend.engine import Engine
from backend.protocol import Find

from .published import PublishedScene, Score, read_mask


def measure(engine: Engine, splats: Path, labels: Path, name: str, model: str) -> Score:
    """All classes of one scene."""
    scene = PublishedScene(engine, splats / name / "point_cloud.ply")
    folder = labels / name / "segmentations"
    scores = []
    for text in filter(None, (folder / "classes.txt").read_text(encoding="utf-8").splitlines()):
        files = sorted(folder.glob(f"*/{text}.png"))
        truths = {scene.view_of(file.parent): read_mask(file) for file in files}
        request = Find(scene=str(scene.ply), text=text, model=model, most=1, floor=0.0)
        found = engine.handle(request)
        selection = np.unpackbits(found.masks[0], count=found.total).astype(bool)
        scores.append(scene.score(selection, truths))
        print(f"  {name}, {text!r}: IoU {scores[-1].iou:.3f}", flush=True)
    return Score(*np.mean([[score.iou, score.accuracy] for score in scores], axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("splats", type=Path, help="folder of SCENE/point_cloud.ply, trained")
    parser.add_argument("labels", type=Path, help="folder of SCENE/segmentations")
    parser.add_argument("--model", default="", help="name or path of a text-image model")
    arguments = parser.parse_args()
    names = sorted(path.parent.name for path in arguments.labels.glob("*/segmentations"))
    paths = arguments.splats, arguments.labels
    engine = Engine()
    scores = [measure(engine, *paths, name, arguments.model) for name in names]
    miou, macc = np.mean([[score.iou, score.accuracy] for score in scores], axis=0)
    print(json.dumps({"miou": round(float(miou), 4), "macc": round(float(macc), 4)}))


if __name__ == "__main__":
    main()
