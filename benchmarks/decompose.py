"""Decompose the synthetic tabletop at each scale and compare with the truth; then a million.

Last line of the output: JSON with the mean over all objects of the best IoU of a
cluster at the default scale, the same over parts at the best scale of ten, and
the seconds that a million Gaussians take.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import adjusted_rand_score

from backend.affinity.field import AffinityField
from backend.protocol import Decompose
from backend.segmentation.decompose import cluster

from .clicks import SCALES
from .trial import Trial

MILLION = 1_000_000
SPREAD = 0.02  # of each number of a feature that is copied to make up the million


def best_ious(truth: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """IoU of each thing with the cluster that fits it best.

    Args:
        truth: [N] thing of each Gaussian, from 0.
        labels: [N] cluster of each Gaussian, -1 for none.
    """
    counts = np.zeros((truth.max() + 1, labels.max() + 2))
    np.add.at(counts, (truth, labels + 1), 1)
    shared = counts[:, 1:]
    return (shared / (counts.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared)).max(axis=1)


def purity(truth: np.ndarray, labels: np.ndarray) -> float:
    """Mean over things of the share that its commonest cluster holds; none is no cluster.

    Args:
        truth: [N] thing of each Gaussian, -1 for none, which counts for nothing.
        labels: [N] cluster of each Gaussian, -1 for none.
    """
    counts = np.zeros((truth.max() + 2, labels.max() + 2))
    np.add.at(counts, (truth + 1, labels + 1), 1)
    counts = counts[1:]
    return float((counts[:, 1:].max(axis=1) / counts.sum(axis=1)).mean())


def seconds_for_a_million(field: AffinityField, scale: float) -> float:
    """Time to decompose copies of a scene, each a little off."""
    count = len(field.features)
    generator = torch.Generator().manual_seed(0)
    copies = field.features[torch.arange(MILLION) % count]
    noise = SPREAD * torch.randn(copies.shape, generator=generator)
    many = AffinityField(F.normalize(copies + noise, dim=1), field.gate, field.scale_map)
    started = time.perf_counter()
    cluster(many, scale)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/decompose"), help="for all")
    arguments = parser.parse_args()
    trial = Trial(arguments.folder)
    trial.train()
    objects, parts = trial.scene.object_labels, trial.scene.part_labels
    (default,) = Decompose(scene="").scales
    print("scale  clusters  objects  parts  ARI (objects)  in none")
    fits = {}
    for scale in sorted({*SCALES.round(2).tolist(), default}):
        reply = trial.engine.handle(Decompose(scene=str(trial.ply), scales=(scale,)))
        (labels,) = reply.labels
        fits[scale] = best_ious(objects, labels).mean(), best_ious(parts, labels).mean()
        of_object, of_part = fits[scale]
        print(
            f"{scale:5.2f}  {len(reply.names):8}  {of_object:7.3f}  {of_part:5.3f}  "
            f"{adjusted_rand_score(objects, labels):13.3f}  {np.mean(labels < 0):7.3f}",
            flush=True,
        )
    field = trial.engine.open(str(trial.ply)).trained.field
    results = {
        "iou_object": round(fits[default][0], 3),
        "iou_part": round(max(of_part for _, of_part in fits.values()), 3),
        "million_s": round(seconds_for_a_million(field, default), 1),
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
