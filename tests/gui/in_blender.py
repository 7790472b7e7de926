"""Runs the stories inside a Blender with a window and writes down how each ended.

blender --python tests/gui/in_blender.py -- FOLDER, which has arguments.json
"""

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

import stories
from hand import Waiting
from stage import Stage


def run(folder: Path) -> Waiting:
    """Each story in turn, in one and the same Blender."""
    stage = Stage(folder, json.loads((folder / "arguments.json").read_text()))
    endings = {}
    for chapter, name in stories.told():
        start = time.monotonic()
        try:
            story = getattr(importlib.import_module(f"stories.{chapter}"), name)
            yield from story(stage)
            endings[name] = ""
        except Exception:  # told outside, where the other stories are still to be told
            endings[name] = traceback.format_exc()
            stage.picture(f"failed {name}")
        print(f"{time.monotonic() - start:6.1f} s  {name}: {endings[name] or 'ok'}", flush=True)
        (folder / "endings.json").write_text(json.dumps(endings))
    stage.close()
    os._exit(0)  # quitting by the operator asks about unsaved changes


def step() -> float:
    try:
        return next(steps)
    except Exception:  # a timer would swallow it and Blender would stay open
        traceback.print_exc()
        os._exit(1)


bpy.context.preferences.view.show_splash = False  # before it is shown
steps = run(Path(sys.argv[sys.argv.index("--") + 1]))
bpy.app.timers.register(step, first_interval=1.0, persistent=True)
