"""The views of a scene: those of its photographs, or made up and kept in its work folder."""

import shutil

from .cameras.camera import Camera
from .cameras.cameras_json import read_cameras_json
from .cameras.discover import find_views, search_views, view_named
from .errors import require_within
from .progress import Report, silent
from .scene import Scene

MOST = 200  # views made up


def training_views(
    scene: Scene, views: str = "", made_up: int = 0, report: Report = silent
) -> list[Camera]:
    """The views to train on.

    Args:
        scene: opened.
        views: where the cameras are; "" looks beside the .ply and makes views
            up where there are none.
        made_up: make up this many, even where there are cameras; 0 for no such wish.
        report: called often.

    Raises:
        BadInput: cameras that cannot be read, or a scene that no camera would see.
    """
    require_within("number of made-up views", made_up, 0, MOST)
    if made_up:
        return made_up_views(scene, made_up, report)
    if views:
        return find_views(scene.path, views)
    return search_views(scene.path) or made_up_views(scene, 0, report)


def view_of(scene: Scene, views: str, name: str) -> Camera:
    """The view of a name, of those found (see `find_views`) or of those made up earlier.

    Raises:
        BadInput: there is none.
    """
    if name.startswith("made_up/") and scene.workspace.cameras.is_file():
        return view_named(read_cameras_json(scene.workspace.cameras), name)
    return view_named(find_views(scene.path, views), name)


def made_up_views(scene: Scene, count: int, report: Report = silent) -> list[Camera]:
    """The views made up for a scene: those in its work folder where they fit, else new ones.

    Views that are replaced take their masks with them.

    Args:
        scene: opened.
        count: how many; 0 for as many as show the scene well.
        report: called often.
    """
    from .cameras.made_up import make_up_views
    from .cameras.made_up.saved import save_views, saved_views

    workspace, made_for = scene.workspace, {"scene": scene.fingerprint}
    wanted = made_for | {"asked_for": count} if count else made_for
    cameras = saved_views(workspace.cameras, wanted)
    if cameras is None:
        cameras = make_up_views(scene.cloud, scene.rasterizer, count, report)
        shutil.rmtree(workspace.masks / "made_up", ignore_errors=True)
        save_views(workspace.cameras, cameras, made_for | {"asked_for": count})
    return cameras
