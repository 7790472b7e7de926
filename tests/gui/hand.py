"""A person at Blender's window: mouse and keys by simulated events. Runs inside Blender.

Waiting is done by generators: what they yield is for how many seconds Blender
runs on its own before they are asked again.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d

Waiting = Iterator[float]
TICK_S = 0.01


class Hand:
    """One hand on the mouse, one on the keys; places are (x, y) in the viewport's pixels."""

    def __init__(self) -> None:
        self._at = (0, 0)  # in the window

    @property
    def window(self) -> bpy.types.Window:
        return bpy.context.window_manager.windows[0]

    @property
    def area(self) -> bpy.types.Area:
        """The largest 3D viewport."""
        views = [area for area in self.window.screen.areas if area.type == "VIEW_3D"]
        return max(views, key=lambda area: area.width * area.height)

    def region(self, kind: str = "WINDOW") -> bpy.types.Region:
        return next(region for region in self.area.regions if region.type == kind)

    def in_viewport(self):
        """The context of an operator that is run in the viewport."""
        return bpy.context.temp_override(
            window=self.window, area=self.area, region=self.region("WINDOW")
        )

    def place_of(self, location) -> tuple[int, int]:
        """Where a point of the world is seen."""
        region_view = self.area.spaces.active.region_3d
        seen = location_3d_to_region_2d(self.region(), region_view, location)
        return round(seen.x), round(seen.y)

    def move(self, place, kind: str = "WINDOW", **modifiers) -> None:
        region = self.region(kind)
        self._at = (region.x + int(place[0]), region.y + int(place[1]))
        self._event("MOUSEMOVE", "NOTHING", **modifiers)

    def press(self, key: str, **modifiers) -> Waiting:
        """Press and let go of a key or a button of the mouse."""
        self._event(key, "PRESS", **modifiers)
        yield TICK_S
        if not key.startswith("WHEEL"):
            self._event(key, "RELEASE", **modifiers)
            yield TICK_S

    def click(self, place, kind: str = "WINDOW", **modifiers) -> Waiting:
        self.move(place, kind)
        yield TICK_S
        yield from self.press("LEFTMOUSE", **modifiers)

    def drag(self, places, let_go: bool = True, **modifiers) -> Waiting:
        """Move along places with the left button held."""
        self.move(places[0])
        yield TICK_S
        self._event("LEFTMOUSE", "PRESS", **modifiers)
        for place in places[1:]:
            yield TICK_S
            self.move(place, **modifiers)
        yield 5 * TICK_S
        if let_go:
            yield from self.let_go()

    def let_go(self) -> Waiting:
        self._event("LEFTMOUSE", "RELEASE")
        yield TICK_S

    def _event(self, kind: str, value: str, **modifiers) -> None:
        x, y = self._at
        self.window.event_simulate(type=kind, value=value, x=x, y=y, **modifiers)


def until(condition: Callable[[], object], patience_s: float = 120) -> Waiting:
    """Wait for something to come true.

    Raises:
        AssertionError: it does not.
    """
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"not in {patience_s} s"
        yield TICK_S


def picture(path: Path) -> None:
    """What is on the screen, to a PNG."""
    subprocess.run(["import", "-window", "root", str(path)], check=True)
