"""How fast the viewport follows the hand, in a real Blender window.

Makes splats of many balls, each alike in itself and unlike the others, in place of
trained ones; the measuring itself is in interaction_in_blender.py. Last line: JSON.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from backend.affinity.field import AffinityField, Provenance
from backend.affinity.recipes import RECIPES
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.affinity.things import SURELY, Things
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.fingerprint import fingerprint
from backend.gaussians.ply import write_ply
from backend.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
ROW = 8  # balls; as many rows
FEATURES = RECIPES["fast"].dim


def write_balls(ply: Path, count: int) -> None:
    """A square of balls in the plane y = 0, and features as if it had been trained."""
    rng = np.random.default_rng(0)
    ball = rng.integers(ROW * ROW, size=count)
    means = rng.normal(size=(count, 3))
    means *= 0.4 / np.linalg.norm(means, axis=1, keepdims=True)
    means += np.stack([ball % ROW, np.zeros(count), ball // ROW], axis=1)
    cloud = GaussianCloud(
        means.astype(np.float32),
        rng.normal(size=(count, 4)).astype(np.float32),
        np.full((count, 3), np.log(2.0 / np.sqrt(count)), np.float32),
        np.full(count, 3.0, np.float32),
        rng.normal(size=(ROW * ROW, 1, 3))[ball].astype(np.float32),
    )
    write_ply(ply, cloud)
    surely = np.full(count, SURELY, np.uint8)
    belonging = sp.csc_array((surely, (np.arange(count), ball)), (count, ROW * ROW))
    units = torch.nn.functional.normalize(torch.randn(ROW * ROW, FEATURES), dim=1)
    field = AffinityField(
        units[torch.from_numpy(ball)],
        ScaleGate(FEATURES),
        ScaleMap(np.array([0.1, 1.0]), np.array([0.0, 1.0])),
        Things(belonging, np.full(ROW * ROW, 0.5), np.ones(ROW * ROW)),
    )
    made = Provenance(ply.name, fingerprint(cloud), "0", "none", 0, 0, 0, 0, 0.0)
    field.save(Workspace(ply).field, made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extension", type=Path, help="the built extension, a .zip")
    parser.add_argument("--hovered", type=int, default=500_000, help="Gaussians under the mouse")
    parser.add_argument("--turned", type=int, default=1_000_000, help="Gaussians in the orbit")
    arguments = parser.parse_args()
    folder = ROOT / "build" / "interaction"
    folder.mkdir(parents=True, exist_ok=True)
    write_balls(folder / "hovered.ply", arguments.hovered)
    write_balls(folder / "turned.ply", arguments.turned)
    script = Path(__file__).with_name("interaction_in_blender.py")
    command = [sys.executable, ROOT / ".ci" / "window.py", script]
    command += [arguments.extension.resolve(), ROOT / "build" / "gui" / "engine-python", folder]
    sys.exit(subprocess.run([str(part) for part in command]).returncode)


if __name__ == "__main__":
    main()
