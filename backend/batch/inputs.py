"""Is a scene still what it was when it was trained?"""

from collections.abc import Iterator
from hashlib import blake2b, file_digest
from pathlib import Path

from ..cameras.discover import search_views
from ..protocol import Train
from ..workspace import Workspace


def input_digest(message: Train) -> str:
    """Hex digest (128 bit) of the splat, the cameras and all masks that a training reads.

    Masks that the training makes are among them: taken after it, the digest is
    right until something of it changes.

    Raises:
        BadInput: the cameras cannot be read.
    """
    scene = Path(message.scene)
    work = Workspace(scene)
    digest = blake2b(digest_size=16)
    for path in (scene, work.added_cameras, *_files_in(Path(message.masks or work.masks))):
        if path.is_file():
            digest.update(path.name.encode(errors="replace"))
            with path.open("rb") as file:
                digest.update(file_digest(file, "blake2b").digest())
    for camera in search_views(scene, message.views) or []:
        digest.update(f"{camera.name} {camera.width} {camera.height}".encode(errors="replace"))
        digest.update(camera.K.tobytes() + camera.world_to_camera.tobytes())
    return digest.hexdigest()


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
