"""A batch of scenes on a Dask cluster: python docs/examples/dask_batch.py SCENES.txt RESULTS

Each worker does one scene at a time. What is done is not done again, so a
scene whose worker was lost is simply given to another.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

try:
    from distributed import Client, LocalCluster
except ModuleNotFoundError:
    sys.exit("Dask is not installed here: pip install distributed")

from backend.batch import Row, Task, gather, read_list, run_scene
from backend.engine import Engine
from backend.errors import BadInput
from backend.protocol import Decompose, Train


def do(scene: Path, task: Task, results: Path) -> Row:
    """Runs on a worker."""
    return run_scene(scene, task, results, Engine())


def run(client: Client, scenes: list[Path], task: Task, results: Path) -> list[Row]:
    """Run all scenes and gather the manifest; returns its rows."""
    futures = client.map(do, scenes, task=task, results=results, pure=False, retries=2)
    client.gather(futures, errors="skip")  # a scene whose workers all died has no row
    return gather(results, scenes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scenes", type=Path, help="a .txt with the path of a .ply in each line")
    parser.add_argument("results", type=Path)
    parser.add_argument("--sam-checkpoint", default="", help="makes the masks that are missing")
    parser.add_argument("--scale", type=float, action="append", help="also write its objects")
    parser.add_argument("--scheduler", help="address of a cluster; default: one on this computer")
    parser.add_argument("--workers", type=int, default=1, help="of the cluster on this computer")
    arguments = parser.parse_args()
    checkpoint = arguments.sam_checkpoint and os.path.abspath(arguments.sam_checkpoint)
    decompose = Decompose(scene="", scales=tuple(arguments.scale)) if arguments.scale else None
    try:
        scenes = read_list(arguments.scenes.absolute())
        task = Task(Train(scene="", sam_checkpoint=checkpoint), decompose)
    except BadInput as error:
        parser.error(str(error))
    cluster = arguments.scheduler or LocalCluster(arguments.workers, threads_per_worker=1)
    with Client(cluster) as client:
        rows = run(client, scenes, task, arguments.results.absolute())
    for row in rows:
        print(row.scene, row.error["message"] if row.error else f"{row.seconds:.0f} s", sep=": ")
    return 2 if any(row.error for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
