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
MODIFIERS = {"shift": "LEFT_SHIFT", "ctrl": "LEFT_CTRL", "alt": "LEFT_ALT"}
FEEL = 14  # pixels from one place to the next when a button is felt for; it is 20 high


class Hand:
    """One hand on the mouse, one on the keys.

    Places are (x, y) in the pixels of a region, which is the viewport's if none is named.
    """

    def __init__(self, window: int = 0) -> None:
        self._number = window
        self._at = (0, 0)  # in the window

    @property
    def window(self) -> bpy.types.Window:
        return bpy.context.window_manager.windows[self._number]

    def area(self, editor: str = "VIEW_3D") -> bpy.types.Area:
        """The largest of an editor's areas."""
        areas = [area for area in self.window.screen.areas if area.type == editor]
        return max(areas, key=lambda area: area.width * area.height)

    def region(self, kind: str = "WINDOW", editor: str = "VIEW_3D") -> bpy.types.Region:
        return next(region for region in self.area(editor).regions if region.type == kind)

    @property
    def sidebar(self) -> bpy.types.Region:
        return self.region("UI")

    def in_viewport(self, region: bpy.types.Region | None = None):
        """The context of an operator that is run in the viewport, or in another region."""
        region = region or self.region()
        areas = self.window.screen.areas
        area = next(area for area in areas if region in area.regions[:])
        return bpy.context.temp_override(window=self.window, area=area, region=region)

    def place_of(self, location, region: bpy.types.Region | None = None) -> tuple[int, int]:
        """Where a point of the world is seen."""
        region = region or self.region()
        seen = location_3d_to_region_2d(region, region.data, location)
        return round(seen.x), round(seen.y)

    def move(self, place, region: bpy.types.Region | None = None, **modifiers) -> None:
        region = region or self.region()
        self._at = (region.x + int(place[0]), region.y + int(place[1]))
        self._event("MOUSEMOVE", "NOTHING", **modifiers)

    def press(self, key: str, **modifiers) -> Waiting:
        """Press and let go of a key or a button of the mouse, with modifiers held."""
        for held in modifiers:  # buttons ask Blender for these, not the event
            self._event(MODIFIERS[held], "PRESS", **modifiers)
        self._event(key, "PRESS", **modifiers)
        yield TICK_S
        if not key.startswith("WHEEL"):
            self._event(key, "RELEASE", **modifiers)
            yield TICK_S
        for held in modifiers:
            self._event(MODIFIERS[held], "RELEASE")

    def click(self, place, region: bpy.types.Region | None = None, **modifiers) -> Waiting:
        self.move(place, region)
        yield TICK_S
        yield from self.press("LEFTMOUSE", **modifiers)

    def drag(self, places, region=None, let_go: bool = True, **modifiers) -> Waiting:
        """Move along places with the left button held."""
        self.move(places[0], region)
        yield TICK_S
        self._event("LEFTMOUSE", "PRESS", **modifiers)
        for place in places[1:]:
            yield TICK_S
            self.move(place, region, **modifiers)
        yield 5 * TICK_S
        if let_go:
            yield from self.let_go()

    def let_go(self) -> Waiting:
        self._event("LEFTMOUSE", "RELEASE")
        yield TICK_S

    def write(self, text: str) -> Waiting:
        """Write into the text field that has been clicked, in place of what is there."""
        yield from self.press("A", ctrl=True)
        for letter in text:
            self._event("A", "PRESS", unicode=letter)  # which key it was does not matter
            yield 0
        yield from self.press("RET")

    def find(self, name: str, region: bpy.types.Region | None = None, across=0.4) -> Waiting:
        """Feel for a button from top to bottom, in the sidebar if no region is named.

        Args:
            name: how its operator is called in Python, or the end of its property's path.
            across: where to go down, as a share of the region's width.

        Returns:
            Its place.
        """
        region = region or self.sidebar
        for scroll in ("", "HOME", *["PAGE_DOWN"] * 4):
            if scroll:
                yield from self.press(scroll)
                yield 0.2
            for y in range(region.height - 4, 0, -FEEL):
                place = (int(region.width * across), y)
                self.move(place, region)
                yield TICK_S
                if name not in self._under(region):
                    continue
                yield 0.1  # it may be about to move: a line above it appears
                if name in self._under(region):
                    return place
        raise AssertionError(f"there is no button {name}")

    def push(self, name: str, region=None, across=0.4, **modifiers) -> Waiting:
        """Find a button and click it."""
        place = yield from self.find(name, region, across)
        yield from self.click(place, region or self.sidebar, **modifiers)

    def _under(self, region: bpy.types.Region) -> str:
        """What the button under the mouse does or shows, "" where there is none."""
        with self.in_viewport(region):
            if (shown := bpy.context.property) is not None:
                return shown[1]
            if not bpy.ops.ui.copy_python_command_button.poll():
                return ""
            bpy.ops.ui.copy_python_command_button()
            return bpy.context.window_manager.clipboard

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
