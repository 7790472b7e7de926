"""All scenes of a batch in one file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ..errors import BadInput
from ..files import replacing
from .row import Row, scenes_of

MANIFEST = "manifest.json"
UNFINISHED = {"code": "unfinished", "message": "It was not run to its end.", "advice": "Run it."}


def gather(results: Path, scenes: Sequence[Path] = ()) -> list[Row]:
    """Write the manifest: a row for each scene, sorted by path. Returns them.

    Args:
        results: the folder of results.
        scenes: that there should be rows of, even if they were never run; none: all that were.

    Raises:
        BadInput: it cannot be written, or there is nothing to write.
    """
    if not scenes:
        scenes = scenes_of(results)
    if not scenes:
        raise BadInput(f"No scene was run in {results}.", "Check the path.")
    rows = [Row.read(results, scene.absolute()) for scene in sorted(set(scenes))]
    rows = [row if row.trained or row.error else replace(row, error=UNFINISHED) for row in rows]
    content = {"scenes": [asdict(row) for row in rows]}
    with replacing(results / MANIFEST) as file:
        file.write(json.dumps(content, indent=1).encode())
    return rows
