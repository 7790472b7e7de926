"""What the synthetic scenes are made of: things, and the parts that a person would name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .materials import Paint
from .surfaces import Surface, placed


@dataclass(frozen=True)
class Part:
    """A piece of a thing that a person would name."""

    name: str
    pieces: tuple[tuple[Surface, Paint], ...]
    gloss: float = 0.1  # height of the highlight that SH carry
    density: float = 1.0  # Gaussians for each unit of area, against the other parts

    def at(self, at: Sequence[float], turn: float = 0.0, size: float = 1.0) -> "Part":
        """The part made larger, turned about z by degrees, then moved."""
        return replace(
            self,
            pieces=tuple(
                (placed(surface, at, (0, 0, turn), (size, size, size)), paint)
                for surface, paint in self.pieces
            ),
        )


@dataclass(frozen=True)
class Thing:
    """An object of a scene."""

    name: str
    parts: tuple[Part, ...]

    def at(
        self, x: float, y: float, turn: float = 0.0, z: float = 0.0, size: float = 1.0
    ) -> "Thing":
        """The thing made larger, turned about z by degrees, then moved."""
        return replace(self, parts=tuple(part.at((x, y, z), turn, size) for part in self.parts))

    def called(self, name: str) -> "Thing":
        """The same thing under another name, where there are several."""
        return replace(self, name=name)
