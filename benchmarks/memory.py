"""The most memory that training holds: 1M Gaussians, 200 views of 1080p, 100 masks each.

Only sizes matter here, so the masks are tiles of the picture, one in another.
Last line of the output: JSON {"peak_gb", "s"}.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from backend.cameras.cameras_json import camera_entry
from backend.gaussians.ply import write_ply
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.workspace import Workspace

from .synthetic import make_scene
from .train import train

WIDTH, HEIGHT = 1920, 1080


def tiles(count: int) -> ViewMasks:
    """Masks in a grid, and each row of the grid as a whole."""
    rows = int(np.sqrt(count))
    columns = (count - rows) // rows
    row, column = (np.arange(n) * parts // n for n, parts in ((HEIGHT, rows), (WIDTH, columns)))
    cell = row[:, None] * columns + column
    bands = np.broadcast_to(row[:, None], cell.shape)
    masks = [cell == k for k in range(rows * columns)] + [bands == k for k in range(rows)]
    return ViewMasks.pack(np.array(masks), np.ones(len(masks)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    parser.add_argument("--views", type=int, default=200)
    parser.add_argument("--masks", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/memory"))
    arguments = parser.parse_args()
    scene = make_scene(gaussians=arguments.gaussians, views=arguments.views)
    ply = arguments.folder / "tabletop.ply"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_ply(ply, scene.cloud)
    cameras = [camera.resized(WIDTH, HEIGHT) for camera in scene.cameras]
    entries = [camera_entry(index, camera) for index, camera in enumerate(cameras)]
    ply.with_name("cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    store, masks = MaskStore(Workspace(ply).masks), tiles(arguments.masks)
    for camera in cameras:
        store.write(camera.name, masks)
    print(f"{len(scene.cloud):,} Gaussians, {len(cameras)} views, {len(masks)} masks each")
    print(json.dumps(train(ply, "fast")))


if __name__ == "__main__":
    main()
