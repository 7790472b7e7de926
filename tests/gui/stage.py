"""What the stories share: the hand, the scene and the truth about it."""

import importlib
from pathlib import Path

import bpy
import numpy as np
from hand import Hand, Waiting, picture, until
from mathutils import Vector

EXTENSION = "bl_ext.user_default.saga_blender"


class Stage:
    """A table in a window, and what is known of it."""

    def __init__(self, folder: Path, arguments: dict) -> None:
        self.folder = folder
        self.arguments = arguments
        self.hand = Hand()
        self.truth = np.load(folder / "truth.npz")  # which Gaussians make up a thing

    def addon(self, name: str):
        """A module of the installed extension."""
        return importlib.import_module(f"{EXTENSION}.saga_blender.{name}")

    @property
    def session(self):
        return self.addon("engine.session").session

    @property
    def settings(self):
        return bpy.context.workspace.saga

    @property
    def overlay(self):
        return self.addon("drawing.overlay").overlay

    @property
    def splat(self) -> bpy.types.Object:
        return bpy.data.objects["tabletop"]

    @property
    def selected(self) -> np.ndarray:
        return self.addon("splat_object").selection(self.splat.data)

    def picture(self, name: str) -> None:
        picture(self.folder / f"{name.replace('_', ' ')}.png")

    def close(self) -> None:
        self.session.close()

    def choose_file(self, name: str) -> Waiting:
        """In the file browser that has opened."""
        hand = self.hand
        yield 0.5
        yield from hand.push("directory", hand.region("UI", "FILE_BROWSER"))
        yield from hand.write(f"{self.folder}/")
        yield 0.1
        yield from hand.press("ESC")  # Enter has left the mouse in the field
        below = hand.region("EXECUTE", "FILE_BROWSER")
        yield from hand.click((below.width / 3, below.height / 2), below)
        yield from hand.write(name)
        yield 0.3
        self.picture("file browser")
        yield from hand.push("file.execute(", below, across=0.95)
        yield 0.3

    def place(self, thing: str, region: bpy.types.Region | None = None) -> tuple[int, int]:
        """Where in the viewport, or in another region, the middle of a thing is."""
        return self.hand.place_of(self.splat.matrix_world @ Vector(self.middle(thing)), region)

    def middle(self, thing: str) -> np.ndarray:
        """The mean of a thing's Gaussians, in the splat's frame, [3]."""
        means = self.addon("point_cloud").read(self.splat.data.attributes["position"])
        return means[self.truth[thing]].mean(axis=0)

    def box_around(self, thing: str) -> list[tuple[int, int]]:
        """Two opposite corners of what a thing covers in the viewport."""
        means = self.addon("point_cloud").read(self.splat.data.attributes["position"])
        some = means[self.truth[thing]][::20]
        places = [self.hand.place_of(self.splat.matrix_world @ Vector(mean)) for mean in some]
        return [tuple(map(extreme, zip(*places, strict=True))) for extreme in (min, max)]

    def at_rest(self) -> Waiting:
        """Wait for the engine's answers and for the finished picture."""
        yield 0.1
        yield from until(lambda: self.session.job is None)
        yield from until(
            lambda: all(view.shown and not view.behind for view in self.overlay.views.values())
        )
        yield 0.1


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))
