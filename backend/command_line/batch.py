"""`batch`: many scenes."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from .. import protocol
from ..engine import Engine
from ..errors import BadInput, SagaError
from ..files import try_folder
from ..progress import Report
from .options import add_output, add_scales, request
from .paths import check_inputs
from .train import add_training

SUMMARY = "train many scenes, and take them apart"
ABOUT = """\
Train many scenes and write their objects, each once: what is done already is
left alone, what broke off goes on. A scene that fails does not stop the
others; the exit code says so.

A job system gives each job its share with --index I --of N. RESULTS/scenes
holds a file for each scene; without --index, or with --gather when all jobs
have ended, they become RESULTS/manifest.json. See docs/batch.md."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "scenes",
        nargs="*",
        metavar="SCENE.ply",
        help="the splats, or a .txt with the path of one in each line, as seen from the .txt",
    )
    add_output(parser, "the folder of results", metavar="RESULTS")
    add_training(parser)
    add_scales(parser, "also write the objects of this size, from 0 to 1; again for their parts")
    parser.add_argument("--index", metavar="I", type=int, help="do every N-th scene, from the I-th")
    parser.add_argument("--of", metavar="N", type=int, help="how many jobs there are")
    parser.add_argument("--gather", action="store_true", help="run nothing, write the manifest")


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    from ..batch import Task, gather, run_scene

    results = Path(arguments.output).absolute()
    scenes = _scenes(arguments)
    mine = _share(scenes, arguments.index, arguments.of)
    check_inputs(arguments.sam_checkpoint)
    decompose = request(protocol.Decompose, arguments, scene="") if arguments.scales else None
    task = Task(request(protocol.Train, arguments, scene=""), decompose)
    if arguments.gather:
        rows = gather(results, scenes)
    else:
        try_folder(results)
        rows = [
            run_scene(scene, task, results, engine, _naming(report, f"{k}/{len(mine)} {scene}"))
            for k, scene in enumerate(mine, 1)
        ]
        if arguments.index is None:
            gather(results, scenes)
    failed = [row for row in rows if row.error]
    if failed:
        first = failed[0]
        raise SagaError(
            f"{len(failed)} of {len(rows)} scenes failed; {first.scene}: {first.error['message']}",
            f"All errors are in {results}. Run it again: what is done is not done twice.",
        )
    lines = [f"{row.name:40} {row.seconds:>8.1f} s" for row in rows]
    return "\n".join([*lines, f"Saved {results}"]), {"output": str(results), "scenes": len(rows)}


def _naming(report: Report, scene: str) -> Report:
    """A report that also says of which scene."""
    return lambda stage, fraction, detail="": report(f"{scene}: {stage}", fraction, detail)


def _scenes(arguments: Namespace) -> list[Path]:
    """The splats that are named, one by one or in lists."""
    from ..batch import read_list

    scenes = []
    for given in map(Path, arguments.scenes):
        if given.suffix.lower() == ".txt":
            check_inputs(str(given))
            scenes += read_list(given)
        else:
            scenes.append(given)
    if not scenes and not arguments.gather:
        raise BadInput("No scene is named.", "Name the .ply files, or a .txt that lists them.")
    return list(dict.fromkeys(scene.absolute() for scene in scenes))


def _share(scenes: list[Path], index: int | None, of: int | None) -> list[Path]:
    """What one of several jobs does."""
    if (index is None) != (of is None):
        raise BadInput("--index and --of belong together.", "Give both, or neither.")
    if index is None:
        return scenes
    if not 0 <= index < of:
        raise BadInput(
            f"Job {index} is not one of {of}: jobs count from 0.", "Give --index from 0 to N - 1."
        )
    return scenes[index::of]
