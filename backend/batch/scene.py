"""One scene of a batch: trained and taken apart, as far as that is still to be done."""

import json
import sys
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from .. import __version__, protocol
from ..engine import Engine
from ..errors import SagaError, explained, require_within
from ..objects import counts_of, save_objects
from ..progress import Report, silent
from .inputs import input_digest
from .row import Row


@dataclass(frozen=True)
class Task:
    """What is done with every scene.

    Raises:
        BadInput: a scale lies outside of [0, 1].
    """

    train: protocol.Train  # of no scene; paths that are not absolute start at each scene's folder
    decompose: protocol.Decompose | None = None  # likewise; None: the scene is trained only

    def __post_init__(self) -> None:
        for scale in self.decompose.scales if self.decompose else ():
            require_within("scale", scale, 0.0, 1.0)

    def of(self, scene: Path) -> tuple[protocol.Train, protocol.Decompose | None]:
        """The requests for one scene."""
        paths = {
            name: str(scene.parent / given)
            for name in ("views", "masks")
            if (given := getattr(self.train, name))
        }
        train = replace(self.train, scene=str(scene), **paths)
        if self.decompose is None:
            return train, None
        return train, replace(self.decompose, scene=str(scene), **paths)


def run_scene(
    scene: Path, task: Task, results: Path, engine: Engine, report: Report = silent
) -> Row:
    """Do what is still to be done of a scene, and write its row; no failure of it is raised.

    Raises:
        BadInput: the row cannot be written.
    """
    scene, began = scene.absolute(), time.perf_counter()
    former = Row.read(results, scene)
    try:
        row = _done(former, task, results, engine, report)
    except Exception as error:
        if not isinstance(error, SagaError):
            traceback.print_exc(file=sys.stderr)
        row = replace(Row.read(results, scene), error=vars(protocol.failed(explained(error))))
    if row != former:
        row = replace(row, seconds=time.perf_counter() - began)
        row.write(results)
    return row


def _done(row: Row, task: Task, results: Path, engine: Engine, report: Report) -> Row:
    """The row of a scene of which everything is done."""
    train, decompose = task.of(Path(row.scene))
    settings = {"train": _plain(train), "decompose": _plain(decompose)}
    same = {stage: (row.settings or {}).get(stage) == settings[stage] for stage in settings}
    trained = same["train"] and _is_there(row.trained, "model") and row.input == input_digest(train)
    taken_apart = trained and same["decompose"] and _is_there(row.objects, "folder")
    row = replace(row, settings=settings, error=None)
    if not trained:
        row = Row(row.scene, row.name, settings=settings, engine=__version__)
        row.write(results)  # that it was begun
        answer = vars(engine.handle(train, report))
        row = replace(row, input=input_digest(train), trained=answer)
        row.write(results)
    if decompose is None:
        return replace(row, objects=None)
    if not taken_apart:
        found = engine.handle(decompose, report)
        folder = results / row.name
        save_objects(folder, engine.open(row.scene).cloud, found, replace=True)
        row = replace(row, objects={"folder": str(folder)} | counts_of(found))
    return row


def _is_there(made: dict | None, path: str) -> bool:
    return made is not None and Path(made[path]).exists()


def _plain(message: protocol.Work | None) -> dict | None:
    """A request as it comes back from JSON."""
    return message and json.loads(json.dumps(vars(message)))
