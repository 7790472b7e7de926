"""How long our import of a splat takes, beside Blender's own import of the same file.

Run with a Python that has bpy, after `make zip`:

    .venv-bpy45/bin/python benchmarks/import_ply.py [--gaussians 1000000]

Last line of the output: JSON {"ours_s", "blender_s", "ratio"}, medians of three.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3


def write_splat(path: Path, count: int) -> None:
    """A random splat of SH degree 3 in the reference trainer's 62 columns."""
    names = ["x", "y", "z", "nx", "ny", "nz"]
    names += [f"f_dc_{i}" for i in range(3)] + [f"f_rest_{i}" for i in range(45)]
    names += ["opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {count}"]
    lines += [*(f"property float {name}" for name in names), "end_header\n"]
    with path.open("wb") as stream:
        stream.write("\n".join(lines).encode())
        np.random.default_rng(0).standard_normal((count, len(names)), np.float32).tofile(stream)


def seconds(operator: Callable, bpy, **settings) -> float:
    """Wall time of one import into an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    started = time.perf_counter()
    operator(**settings)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    count = parser.parse_args().gaussians
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BLENDER_USER_RESOURCES"] = folder  # Blender looks when bpy is imported
        import bpy

        archive = max((ROOT / "build").glob("saga_blender-*.zip"), key=os.path.getmtime)
        bpy.ops.extensions.package_install_files(
            filepath=str(archive), repo="user_default", enable_on_install=True
        )
        path = Path(folder) / "splat.ply"
        write_splat(path, count)
        ours, blender = [], []
        for _ in range(RUNS):
            ours.append(seconds(bpy.ops.import_scene.saga_splat, bpy, filepath=str(path)))
            blender.append(
                seconds(bpy.ops.wm.ply_import, bpy, filepath=str(path), import_attributes=True)
            )
        print(f"\nImport of {count:,} Gaussians, Blender {bpy.app.version_string}, seconds")
        for name, runs in (("ours", ours), ("wm.ply_import", blender)):
            print(f"  {name:14}" + "".join(f"{run:8.2f}" for run in runs))
        medians = statistics.median(ours), statistics.median(blender)
        result = dict(zip(("ours_s", "blender_s"), medians, strict=True))
        print(json.dumps(result | {"ratio": medians[0] / medians[1]}))


if __name__ == "__main__":
    main()
