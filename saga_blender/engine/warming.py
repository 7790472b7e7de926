"""After an update of the add-on: has the engine compile what it needs before that is asked for."""

import subprocess

import bpy

from ..installation.plan import warm_up
from .child_process import start_on_leash
from .place import environment, is_installed_here

DELAY_S = 5.0  # after Blender's start, which has enough to do


class Warming:
    """A process of its own, in the background; nothing is installed or fetched."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Begin, where the installed engine has not been tried out since the update."""
        place = environment()
        if not is_installed_here() or place.state != "ready" or place.is_warm:
            return
        self.process = start_on_leash(
            str(place.python), warm_up(place.folder), place.package_root, subprocess.DEVNULL
        )

    def stop(self) -> None:
        """End it: its files are about to go."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


warming = Warming()


def register() -> None:
    if not bpy.app.background:
        bpy.app.timers.register(warming.start, first_interval=DELAY_S, persistent=True)


def unregister() -> None:
    if bpy.app.timers.is_registered(warming.start):
        bpy.app.timers.unregister(warming.start)
    warming.stop()
