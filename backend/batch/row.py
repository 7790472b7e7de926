"""What is known of one scene of a batch: a file of its own, so that no two jobs write the same."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from ..files import replacing

ROWS = "scenes"  # the folder of rows in the folder of results


@dataclass(frozen=True)
class Row:
    """One scene: what went in, what came out, or why nothing did."""

    scene: str  # path of the .ply
    name: str  # of its row and its folder of objects, another for each path
    input: str = ""  # digest of the splat, its cameras and its masks, see `inputs`
    settings: dict | None = None
    engine: str = ""  # version
    trained: dict | None = None  # model, gaussians, views, masks, steps, loss, seconds
    objects: dict | None = None  # folder, names, counts, unassigned
    seconds: float = 0.0  # of the last run
    error: dict | None = None  # code, message, advice

    @classmethod
    def read(cls, results: Path, scene: Path) -> "Row":
        """The row of a scene; one that knows nothing where there is none, or a damaged one."""
        name = name_of(scene)
        try:
            return cls(**json.loads(_path(results, name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return cls(str(scene), name)

    def write(self, results: Path) -> None:
        """Put it in place of the former one.

        Raises:
            BadInput: it cannot be written.
        """
        with replacing(_path(results, self.name)) as file:
            file.write(json.dumps(asdict(self), indent=1).encode())


def scenes_of(results: Path) -> list[Path]:
    """The scenes that have rows, but for damaged ones, which do not say whose they are."""
    scenes = []
    for path in (results / ROWS).glob("*.json"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            scenes.append(Path(json.loads(path.read_text(encoding="utf-8"))["scene"]))
    return scenes


def name_of(scene: Path) -> str:
    """The name of a scene's row: many a trainer calls every splat point_cloud.ply."""
    return f"{scene.stem}-{blake2b(str(scene).encode(errors='replace'), digest_size=4).hexdigest()}"


def _path(results: Path, name: str) -> Path:
    return results / ROWS / f"{name}.json"
