"""The most memory that training holds, and what the engine expects before it trains.

Up to 1M Gaussians, 200 views of 1080p, 100 masks each. Only sizes matter here, so the
masks are tiles of the picture, one in another. Last line of the output: JSON
{GAUSSIANS: {"peak_gb", "expected_gb", "s"}, ...}.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from backend.affinity.recipes import recipe_named
from backend.cameras.cameras_json import camera_entry
from backend.gaussians.ply import write_ply
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.memory.estimate import ram_needed, training_size
from backend.scene import Scene
from backend.views import training_views
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


def write_scene(folder: Path, gaussians: int, views: int, masks: ViewMasks) -> Path:
    """A tabletop with these masks in each view; the path of its .ply."""
    scene = make_scene(gaussians=gaussians, views=views)
    ply = folder / f"{gaussians}_{views}" / "tabletop.ply"
    ply.parent.mkdir(parents=True, exist_ok=True)
    write_ply(ply, scene.cloud)
    cameras = [camera.resized(WIDTH, HEIGHT) for camera in scene.cameras]
    entries = [camera_entry(index, camera) for index, camera in enumerate(cameras)]
    ply.with_name("cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    store = MaskStore(Workspace(ply).masks)
    for camera in cameras:
        store.write(camera.name, masks)
    return ply


def expected(ply: Path) -> float:
    """What the engine expects to hold, in GB."""
    scene, store = Scene(ply, "cpu"), MaskStore(Workspace(ply).masks)
    size = training_size(scene, training_views(scene), store)
    return ram_needed(size, recipe_named("fast", size.gaussians), "cpu") / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=["50000:40", "300000:100", "1000000:200"],
        metavar="N:V",
        help="Gaussians and views",
    )
    parser.add_argument("--masks", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/memory"))
    arguments = parser.parse_args()
    masks, results = tiles(arguments.masks), {}
    for size in arguments.sizes:
        gaussians, views = map(int, size.split(":"))
        ply = write_scene(arguments.folder, gaussians, views, masks)
        trained = train(ply, "fast")
        result = {"peak_gb": trained["peak_gb"], "s": trained["s"]}
        result["expected_gb"] = round(expected(ply), 2)
        print(
            f"{gaussians:,} Gaussians, {views} views, {len(masks)} masks each: {result}", flush=True
        )
        results[gaussians] = result
    print(json.dumps(results))


if __name__ == "__main__":
    main()
