"""Is a scene still what it was when it was trained?"""

from pathlib import Path

from ..cameras.discover import search_views
from ..digest import digest_of, files_in
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
    files = [path for path in (scene, work.added_cameras) if path.is_file()]
    files += files_in(Path(message.masks or work.masks))
    return digest_of(files, search_views(scene, message.views) or [])
