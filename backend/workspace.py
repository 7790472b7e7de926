"""Where a scene's results lie: the folder `X.saga` beside `X.ply`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """The paths of one scene's work folder; nothing is created by asking for them."""

    scene: Path  # the .ply

    @property
    def folder(self) -> Path:
        return self.scene.with_suffix(".saga")

    @property
    def masks(self) -> Path:
        """Folder of a `MaskStore`."""
        return self.folder / "masks"

    @property
    def cameras(self) -> Path:
        """The views made up for the scene, as a cameras.json."""
        return self.folder / "cameras.json"

    @property
    def added_cameras(self) -> Path:
        """The views that a person added, as a cameras.json."""
        return self.folder / "added.json"

    @property
    def mismatch(self) -> Path:
        """A view whose photograph does not fit the scene, as a picture."""
        return self.folder / "mismatch.png"

    @property
    def checkpoint(self) -> Path:
        """Where an unfinished training stands."""
        return self.folder / "training.safetensors"

    @property
    def field(self) -> Path:
        """The trained affinity field."""
        return self.folder / "field.safetensors"

    @property
    def text_index(self) -> Path:
        """What the scene's things look like, for finding them by name."""
        return self.folder / "text_index.safetensors"
