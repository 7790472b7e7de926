"""Whether files and cameras are still what something was made from."""

from collections.abc import Iterable
from hashlib import blake2b, file_digest
from pathlib import Path

from .cameras.camera import Camera


def digest_of(files: Iterable[Path], cameras: Iterable[Camera] = ()) -> str:
    """Hex digest (128 bit) of the names and contents of files, and of how cameras see.

    Raises:
        OSError: a file cannot be read.
    """
    digest = blake2b(digest_size=16)
    for path in files:
        digest.update(path.name.encode(errors="replace"))
        with path.open("rb") as file:
            digest.update(file_digest(file, "blake2b").digest())
    for camera in cameras:
        digest.update(f"{camera.name} {camera.width} {camera.height}".encode(errors="replace"))
        digest.update(camera.K.tobytes() + camera.world_to_camera.tobytes())
    return digest.hexdigest()


def files_in(folder: Path) -> list[Path]:
    """All files of a folder and of those in it, in order; none where there is no folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
