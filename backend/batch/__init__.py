"""Many scenes, each on its own: done once, gone on with after a break, told of in one manifest.

`row` is what is known of one scene, `scene` does one, `manifest` gathers all.
Who does which scene, and when, is up to a job system.
"""

from .manifest import gather
from .row import Row
from .scene import Task, run_scene

__all__ = ["Row", "Task", "gather", "run_scene"]
