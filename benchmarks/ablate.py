"""What each term of the training is worth (Fig. 5 of the paper): the same scene without it.

Last line of the output: JSON, mean IoU over objects and parts of the synthetic
tabletop, random clicks, best of ten scales, by what was left out.
"""

import argparse
import json
from dataclasses import replace

import numpy as np

from backend.affinity.ray_bank import build_ray_bank
from backend.affinity.recipes import RECIPES
from backend.affinity.trainer import Trainer
from backend.masks.view_masks import ViewMasks
from backend.rendering import make_rasterizer

from .random_clicks import iou_of_random_clicks
from .synthetic import exact_masks, make_scene, part_map

LEFT_OUT = {
    "nothing": {},
    "smoothing": {"neighbours": 1},
    "norm term": {"norm_term": False},
    "resampling": {"resampled": False},
    "re-weighting": {"reweighted": False},
    "scale gate": {"gated": False},
    "warm start": {"warm_start": False},
    "annealing": {"annealed": False},
}


class Masks(dict[str, ViewMasks]):
    """Masks by view, read as from a mask store."""

    read = dict.get


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, default=100_000)
    parser.add_argument("--views", type=int, default=40)
    parser.add_argument("--clicks", type=int, default=3, help="on each thing")
    parser.add_argument("--seeds", type=int, default=1, help="trainings whose mean is taken")
    parser.add_argument("--recipe", choices=RECIPES, default="fast")
    arguments = parser.parse_args()
    scene = make_scene("tabletop", arguments.gaussians, arguments.views)
    rasterizer = make_rasterizer(scene.cloud, "cpu")
    part_maps = [part_map(rasterizer, camera, scene) for camera in scene.cameras]
    names = [camera.name for camera in scene.cameras]
    masks = Masks(zip(names, (exact_masks(parts, scene) for parts in part_maps), strict=True))
    bank = build_ray_bank(rasterizer, scene.cameras, masks, np.random.default_rng(0))
    results = {}
    for title, changes in LEFT_OUT.items():
        recipe = replace(RECIPES[arguments.recipe], **changes)
        scores = []
        for seed in range(arguments.seeds):
            field = Trainer(scene.cloud.means, bank, recipe, seed).run()
            scores.append(iou_of_random_clicks(scene, part_maps, field, arguments.clicks))
        results[title] = round(float(np.mean(scores)), 3)
        print(f"without {title:14} {results[title]:.3f}", flush=True)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
