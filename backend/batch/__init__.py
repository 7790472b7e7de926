"""Many scenes, each on its own: done once, gone on with after a break, told of in one manifest.

`scene_list` says which, `row` is what is known of one scene, `scene` does one, `manifest`
gathers all. Who does which scene, and when, is up to a job system.
"""

from .manifest import gather
from .row import Row
from .scene import Task, run_scene
from .scene_list import read_list

__all__ = ["Row", "Task", "gather", "read_list", "run_scene"]
