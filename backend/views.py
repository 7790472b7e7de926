"""The views of a scene: those of its photographs, or made up and kept in its work folder."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .cameras.build import build_camera
from .cameras.camera import Camera
from .cameras.discover import find_views, search_views, view_named
from .cameras.saved import save_views, saved_views
from .cameras.spread_out import spread_out
from .digest import digest_of
from .errors import BadInput, require_within
from .gaussians.quaternions import matrices_from_quats
from .progress import Report, silent
from .protocol import Eye
from .scene import Scene

MOST = 200  # views made up
MADE_UP, ADDED = "made_up/", "added/"  # how the names of such views begin
LONGEST_SIDE = 1024  # pixels of an added view: SAM looks at no more


def training_views(
    scene: Scene,
    views: str = "",
    made_up: int | None = None,
    report: Report = silent,
    before_making: Callable[[], None] = lambda: None,
) -> list[Camera]:
    """The views to train on, and with them those that a person added.

    Args:
        scene: opened.
        views: where the cameras are; "" looks beside the .ply and makes views
            up where there are none.
        made_up: make up this many, even where there are cameras; 0 as many as show the scene
            well, where there are none; None takes those that are there already.
        report: called often.
        before_making: called before new views are made up, which takes a while: it may refuse.

    Raises:
        BadInput: cameras that cannot be read, or a scene that no camera would see.
    """
    require_within("number of made-up views", made_up or 0, 0, MOST)
    if made_up:
        found = made_up_views(scene, made_up, report, before_making)
    elif views:
        found = find_views(scene.path, views)
    else:
        found = search_views(scene.path)
        found = found or made_up_views(scene, made_up, report, before_making)
    return found + added_views(scene)


def at_most(cameras: list[Camera], count: int) -> list[Camera]:
    """So many of the views, spread over the scene, those that a person added first; 0 is all."""
    if not 0 < count < len(cameras):
        return cameras
    added = [camera for camera in cameras if camera.name.startswith(ADDED)]
    others = [camera for camera in cameras if not camera.name.startswith(ADDED)]
    chosen = spread_out(added, count)
    return chosen + spread_out(others, count - len(chosen))


def known_views(scene: Scene) -> list[Camera]:
    """The views that a scene has, found, made up earlier or added; none are made up.

    Raises:
        BadInput: cameras that cannot be read.
    """
    return (search_views(scene.path) or []) + made_up_before(scene) + added_views(scene)


def view_of(scene: Scene, views: str, name: str) -> Camera:
    """The view of a name, of those found (see `find_views`), made up earlier or added.

    Raises:
        BadInput: there is none.
    """
    kept = name.startswith((MADE_UP, ADDED)) and made_up_before(scene) + added_views(scene)
    return view_named(kept or find_views(scene.path, views), name)


def eye_camera(scene: Scene, eye: Eye) -> Camera:
    """The camera of an eye that no file knows.

    Raises:
        BadInput: numbers that no camera has.
    """
    if not any(eye.quat):
        raise BadInput("The view has no direction.", "Turn the viewport and try again.")
    rotation = matrices_from_quats(np.array([eye.quat]))[0]
    centre = eye.centre or (eye.size[0] / 2, eye.size[1] / 2)
    translation = -rotation @ np.array(eye.position)
    return build_camera(
        scene.path, "the viewport", eye.size, (eye.focal, eye.focal, *centre), rotation, translation
    )


def made_up_views(
    scene: Scene,
    count: int | None,
    report: Report = silent,
    before_making: Callable[[], None] = lambda: None,
) -> list[Camera]:
    """The views made up for a scene: those in its work folder where they fit, else new ones.

    The masks of views that are replaced stay: they are right whenever those views come again.

    Args:
        scene: opened.
        count: how many; 0 for as many as show the scene well, None for as many as there are.
        report: called often.
        before_making: see `training_views`.
    """
    from .cameras.made_up import make_up_views

    path = scene.workspace.cameras
    cameras = saved_views(path, _made_for(scene, count))
    if cameras is None:
        before_making()
        new = make_up_views(scene.cloud, scene.rasterizer, count or 0, report)
        made_for = _made_for(scene, count or 0)
        save_views(path, [_named(MADE_UP, scene, camera) for camera in new], made_for)
        cameras = saved_views(path, made_for)  # in the order in which they are found again
    return cameras


def _made_for(scene: Scene, count: int | None) -> dict[str, str | int]:
    """What made-up views are kept with: the Gaussians, and how many were asked for, if not None."""
    return {"scene": scene.fingerprint} | ({} if count is None else {"asked_for": count})


def made_up_before(scene: Scene) -> list[Camera]:
    """The views that were made up for these Gaussians earlier."""
    return saved_views(scene.workspace.cameras, _made_for(scene, None)) or []


def added_views(scene: Scene) -> list[Camera]:
    """The views that a person added to these Gaussians."""
    return saved_views(scene.workspace.added_cameras, {"scene": scene.fingerprint}) or []


def add_view(scene: Scene, camera: Camera) -> int:
    """Keep a view in a scene's work folder; how many there are now."""
    smaller = min(LONGEST_SIDE / max(camera.width, camera.height), 1.0)
    sides = (max(round(side * smaller), 1) for side in (camera.width, camera.height))
    camera = _named(ADDED, scene, camera.resized(*sides))
    others = [other for other in added_views(scene) if other.name != camera.name]
    save_views(scene.workspace.added_cameras, [*others, camera], {"scene": scene.fingerprint})
    return len(others) + 1


def forget_added_views(scene: Scene) -> None:
    """Remove the views that a person added, and their masks."""
    scene.workspace.added_cameras.unlink(missing_ok=True)
    shutil.rmtree(scene.workspace.masks / ADDED, ignore_errors=True)


def _named(kind: str, scene: Scene, camera: Camera) -> Camera:
    """A view under a name that says what it shows: no other, of no other scene, gets its masks."""
    shown = digest_of((), [replace(camera, name=scene.fingerprint)])
    return replace(camera, name=f"{kind}{shown[:12]}.png")
