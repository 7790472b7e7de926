"""The files that a request is about, for an engine that cannot read this computer's disk."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...backend import protocol
from ...backend.json_text import parse_json
from ...backend.workspace import Workspace

PATHS = ("scene", "views", "masks", "sam_checkpoint", "model", "name_with")  # fields that hold one
POSES = ("cameras.json", "transforms.json", "transforms_train.json", "poses_bounds.npy")
FRAME = "dataparser_transforms.json"  # of nerfstudio, in which the splat lies
MODEL = ("cameras.bin", "cameras.txt", "images.bin", "images.txt")  # of COLMAP
MODEL_FOLDERS = (".", "sparse/0", "sparse", "colmap/sparse/0")
LEFT_OUT = ("", ".png")  # endings that a transforms.json may leave out
# The endings that count in a folder: all else in it is nobody's business.
PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
MASKS = {".npz", ".png", ".tif", ".tiff"}
WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".json", ".txt", ".model"}  # and vocabularies

Place = tuple[Path, Collection[str]]  # a file, or a folder and the endings that count in it


@dataclass(frozen=True)
class Needed:
    """What the engine looks for to answer a request."""

    places: tuple[Path, ...] = ()  # files and folders, whether they are there or not
    files: tuple[Path, ...] = ()  # that are there, in folders too; the splat first


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


def needed_for(message: protocol.Work) -> Needed:
    """Where the engine looks to answer a request, and what is there."""
    if isinstance(message, protocol.Fetch):
        return Needed()
    places = list(_places(message))
    files = dict.fromkeys(file for place in places for file in _files(*place))
    # Views that are made up, and their masks, are of the engine that made them.
    made_up = Workspace(Path(message.scene)).masks / "made_up"
    ours = tuple(file for file in files if made_up not in file.parents)
    return Needed(tuple(dict.fromkeys(path for path, _ in places)), ours)


def _places(message: protocol.Work) -> Iterator[Place]:
    work = Workspace(Path(message.scene))
    yield work.scene, ()
    yield work.added_cameras, ()
    if not isinstance(message, protocol.Train):
        yield work.field, ()
    for path in (getattr(message, name, None) for name in ("sam_checkpoint", "model", "name_with")):
        if path and os.path.isabs(path):
            yield Path(path), WEIGHTS
    if _needs_views(message):
        yield from _views(work.scene, message.views)
        yield Path(getattr(message, "masks", "") or work.masks), MASKS


def _needs_views(message: protocol.Work) -> bool:
    match message:
        case protocol.Train() | protocol.Find() | protocol.Render():
            return True
        case protocol.Select():
            return message.refine or bool(message.view)
        case protocol.Decompose():
            return message.name_with is not None
    return False


def _views(scene: Path, views: str) -> Iterator[Place]:
    """Cameras, and the photographs that belong to them, where the engine will look for them."""
    here = scene.parent
    of_training = here.name.startswith("iteration_") and here.parent.name == "point_cloud"
    places = [here, *([here.parents[1]] if of_training else [])]
    poses = []
    if views:
        is_folder = os.path.isdir(views)
        places = [Path(views) if is_folder else Path(views).parent]
        poses += [] if is_folder else [Path(views)]
        while places[-1].name in ("sparse", "colmap") or places[-1].parent.name == "sparse":
            places.append(places[-1].parent)
    for place in places:
        poses += [place / name for name in POSES]
        poses += [place / folder / name for folder in MODEL_FOLDERS for name in MODEL]
    yield from ((path, ()) for path in poses)
    if not any(os.path.isfile(path) for path in poses):
        return
    for place in dict.fromkeys((*places, here)):
        yield place / FRAME, ()
        yield place / "images", PHOTOGRAPHS
    for path in poses:
        if path.name.startswith("transforms"):
            yield from ((photograph, ()) for photograph in _named_in(path))


def _named_in(transforms: Path) -> Iterator[Path]:
    """The photographs that a transforms.json names; the engine tells what is wrong with it.

    Nothing else is sent because a stranger's file names it, and nothing of another
    computer: to ask for that, Windows would give it the person's password, hashed.
    """
    try:
        frames = parse_json(transforms.read_text(encoding="utf-8"))["frames"]
        names = [str(frame["file_path"]).replace("\\", "/") for frame in frames]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in names:
        for suffix in LEFT_OUT:
            path = transforms.parent / (name + suffix)
            if path.suffix.lower() in PHOTOGRAPHS and not name.startswith("//"):
                yield path


def _files(path: Path, endings: Collection[str]) -> list[Path]:
    """A file, or those in a folder that have the endings; none where there is neither."""
    found = [path]
    if os.path.isdir(path):
        found = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in endings]
    # Path's own question raises where a name is too long.
    return [file for file in found if os.path.isfile(file)]
