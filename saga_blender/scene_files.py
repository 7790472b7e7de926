"""The files that a request is about, for an engine that cannot read this computer's disk."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..backend import protocol
from ..backend.json_text import parse_json
from ..backend.workspace import Workspace

PATHS = ("scene", "views", "masks", "sam_checkpoint", "model", "name_with")  # fields that hold one
POSES = ("cameras.json", "transforms*.json", "poses_bounds.npy")
FRAME = "dataparser_transforms.json"  # of nerfstudio, in which the splat lies
MODEL = ("cameras.bin", "cameras.txt", "images.bin", "images.txt")  # of COLMAP
PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
LEFT_OUT = ("", ".png", ".jpg")  # endings that a transforms.json may leave out


def translated(message: protocol.Work, there: dict[str, str]) -> protocol.Work:
    """A request with other paths in place of this computer's."""
    given = {name: getattr(message, name) for name in PATHS if hasattr(message, name)}
    return replace(message, **{name: there.get(path, path) for name, path in given.items()})


def paths_in(message: protocol.Work) -> Iterator[str]:
    """What a request names that lies on this computer. All else it takes as it is."""
    for name in PATHS:
        path = getattr(message, name, None)
        if path and os.path.isabs(path) and os.path.exists(path):
            yield path


def files_for(message: protocol.Work) -> list[Path]:
    """What the engine reads to answer a request: the splat first."""
    if isinstance(message, protocol.Fetch):
        return []
    work = Workspace(Path(message.scene))
    files = [work.scene, work.added_cameras]
    if not isinstance(message, protocol.Train):
        files.append(work.field)
    for path in (getattr(message, name, None) for name in ("sam_checkpoint", "model", "name_with")):
        if path and os.path.isabs(path):
            files += _below(Path(path))
    if _needs_views(message):
        files += _views(work.scene, message.views)
        if getattr(message, "masks", ""):
            files += _below(Path(message.masks))
        else:  # views that are made up, and their masks, are of the engine that made them
            made_up = work.masks / "made_up"
            files += [path for path in _below(work.masks) if made_up not in path.parents]
    return [path for path in dict.fromkeys(files) if path.is_file()]


def _needs_views(message: protocol.Work) -> bool:
    match message:
        case protocol.Train() | protocol.Find() | protocol.Render():
            return True
        case protocol.Select():
            return message.refine or bool(message.view)
        case protocol.Decompose():
            return message.name_with is not None
    return False


def _views(scene: Path, views: str) -> Iterator[Path]:
    """Cameras, and the photographs that belong to them, where the engine will look for them."""
    here = scene.parent
    of_training = here.name.startswith("iteration_") and here.parent.name == "point_cloud"
    places = [here, *([here.parents[1]] if of_training else [])]
    if views:
        places = [Path(views) if os.path.isdir(views) else Path(views).parent]
        while places[-1].name in ("sparse", "colmap") or places[-1].parent.name == "sparse":
            places.append(places[-1].parent)
    poses = [
        path
        for place in places
        for path in (
            *(found for pattern in (*POSES, *MODEL) for found in sorted(place.glob(pattern))),
            *_below(place / "sparse"),
            *_below(place / "colmap" / "sparse"),
        )
    ]
    if not poses:
        return
    yield from poses
    for place in dict.fromkeys((*places, here)):
        yield place / FRAME
        yield from _below(place / "images")
    for path in poses:
        if path.name.startswith("transforms"):
            yield from _named_in(path)


def _named_in(transforms: Path) -> Iterator[Path]:
    """The photographs that a transforms.json names; the engine tells what is wrong with it.

    Nothing else is sent because a stranger's file names it.
    """
    try:
        frames = parse_json(transforms.read_text(encoding="utf-8"))["frames"]
        names = [str(frame["file_path"]) for frame in frames]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in names:
        for suffix in LEFT_OUT:
            path = transforms.parent / (name.replace("\\", "/") + suffix)
            if path.suffix.lower() in PHOTOGRAPHS:
                yield path


def _below(path: Path) -> list[Path]:
    """A file, or all files in a folder; none where there is neither."""
    return [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if p.is_file()]
