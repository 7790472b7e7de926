"""Draws the splats of the scene into every 3D viewport: points while it moves, then ellipses."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import bpy
import gpu
import numpy as np

from ..splat_object import is_splat
from ..viewport import areas, redraw_pictures
from .picture import Exposure, Picture
from .splats import Spots, World, draw_points, draws_itself, point_batch

_REST_S = 0.2  # without a change, until the picture is drawn
_PREVIEW_OPACITY = 0.5
_SLICE_S = 0.15  # of drawing a picture, before Blender hears the mouse again


@dataclass
class View:
    """What one viewport shows."""

    pose: tuple  # where the eye and the objects are
    content: tuple  # what the objects look like
    since: float
    shown: tuple[tuple, Picture] | None = None  # with the content it shows
    coming: Exposure | None = None

    @property
    def behind(self) -> bool:
        """Whether the picture still shows what the objects looked like before."""
        return self.shown is not None and self.shown[0] != self.content


@dataclass
class Preview:
    """Gaussians that are coloured for now, without a change of data."""

    uid: int  # session_uid of the object
    chosen: np.ndarray  # boolean [N]
    passing: bool = False  # ends by itself as soon as the data is shown instead
    batch: gpu.types.GPUBatch | None = None  # made when drawn; of nothing it stays None

    def is_of(self, uid: int, chosen: np.ndarray) -> bool:
        """Whether it shows the same for as long."""
        return uid == self.uid and not self.passing and np.array_equal(chosen, self.chosen)


@dataclass
class Overlay:
    """The add-on's drawing: what is on the graphics card, and for which data."""

    handle: object = None
    scene_version: int = 0
    versions: dict[int, int] = field(default_factory=dict)  # of objects, by session_uid
    points: dict[int, tuple[int, gpu.types.GPUBatch | None]] = field(default_factory=dict)
    spots: dict[int, tuple[int, Spots]] = field(default_factory=dict)
    views: dict[int, View] = field(default_factory=dict)  # by region
    world: tuple[tuple, World] | None = None
    preview: Preview | None = None

    def register(self) -> None:
        """Draw from now on; nothing without a window."""
        if bpy.app.background:
            return
        self.handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")
        for handlers, act in _handlers():
            handlers.append(act)

    def unregister(self) -> None:
        """Leave nothing behind."""
        if self.handle is None:
            return
        if bpy.app.timers.is_registered(redraw_pictures):
            bpy.app.timers.unregister(redraw_pictures)
        bpy.types.SpaceView3D.draw_handler_remove(self.handle, "WINDOW")
        for handlers, act in _handlers():
            handlers.remove(act)
        self.handle = None
        self.forget()

    def forget(self) -> None:
        """Free the graphics card."""
        self.scene_version += 1
        self.points.clear()
        self.spots.clear()
        self.views.clear()
        self.world = self.preview = None

    def draw(self, context) -> None:
        """Draw the splats of the region that is being drawn."""
        splats = _visible_splats(context)
        self._forget_gone(splats)
        if not splats:
            self.views.pop(context.region.as_pointer(), None)
            return
        ours = [obj for obj in splats if not draws_itself(obj.data)]
        view = self._view(context, ours)
        self._draw_picture(context, view, ours)
        if view.shown is not None:
            view.shown[1].show()
        for obj in splats:
            if view.shown is None or obj not in ours:
                points = self._kept(self.points, obj, point_batch)
                draw_points(points, obj.matrix_world, context.region_data, 1)
        if self.preview is not None and self.preview.passing and not view.behind:
            self.preview = None
        for obj in splats:
            if self.preview is not None and self.preview.uid == _uid(obj):
                self._draw_preview(obj, context.region_data)

    def show_preview(self, obj, chosen: np.ndarray) -> None:
        """Colour the Gaussians where `chosen` (boolean [N]) holds until `end_preview`."""
        shown = self.preview
        if shown is None or not shown.is_of(_uid(obj), chosen):  # mostly the mouse is on one thing
            self.preview = Preview(_uid(obj), chosen)
            redraw_pictures()

    def settle_preview(self, obj, chosen: np.ndarray) -> None:
        """Colour what is being selected until the picture shows it, so that nothing flickers."""
        self.preview = Preview(_uid(obj), chosen, passing=True)
        redraw_pictures()

    def end_preview(self) -> None:
        """Take the colour away."""
        self.preview = None
        redraw_pictures()

    def _view(self, context, splats: list) -> View:
        """What the region shows, up to date."""
        region, now = context.region, time.perf_counter()
        matrices = [(_uid(obj), _flat(obj.matrix_world)) for obj in splats]
        pose = (region.width, region.height, _flat(context.region_data.perspective_matrix))
        pose += tuple(matrices)
        content = (self.scene_version, *(self._version(obj) for obj in splats))
        view = self.views.get(region.as_pointer())
        if view is None or view.pose != pose:
            view = self.views[region.as_pointer()] = View(pose, content, now)
        elif view.content != content:
            view.content, view.since, view.coming = content, now, None
        return view

    def _forget_gone(self, shown: list[bpy.types.Object]) -> None:
        """Free what is of regions (quad views, other windows) and splats that are gone."""
        there = {region.as_pointer() for area in areas("VIEW_3D") for region in area.regions}
        for closed in self.views.keys() - there:
            del self.views[closed]
        drawn = set() if self.world is None else {uid for uid, *_ in self.world[0]}
        chosen = set() if self.preview is None else {self.preview.uid}
        kept = self.points.keys() | self.spots.keys() | drawn | chosen
        gone = kept - {_uid(obj) for obj in shown}
        if gone:
            gone -= {obj.session_uid for obj in bpy.data.objects}
        for made in (self.points, self.spots):
            for uid in made.keys() & gone:
                del made[uid]
        if drawn & gone:
            self.world = None
        if chosen & gone:
            self.preview = None

    def _draw_picture(self, context, view: View, splats: list) -> None:
        """Bring the picture nearer to what it should show."""
        if not splats or (view.shown is not None and not view.behind):
            return
        waited = time.perf_counter() - view.since
        if waited < _REST_S:
            _wake(_REST_S - waited)
            return
        if view.coming is None:
            world = self._world(splats)
            region = context.region
            view.coming = Exposure(
                world, context.region_data.perspective_matrix, (region.width, region.height)
            )
        view.coming.draw(_SLICE_S)
        if view.coming.finished:
            view.shown, view.coming = (view.content, view.coming.developed()), None
        else:
            _wake(0)

    def _world(self, splats: list) -> World:
        key = tuple((_uid(o), self._version(o), _flat(o.matrix_world)) for o in splats)
        if self.world is None or self.world[0] != key:
            self.world = (key, World(splats))
        return self.world[1]

    def _draw_preview(self, obj: bpy.types.Object, view: bpy.types.RegionView3D) -> None:
        """Over what is there; the object as evaluated."""
        if self.preview.batch is None:
            spots = self._kept(self.spots, obj.original, Spots.of)
            self.preview.batch = spots.batch(self.preview.chosen)
        draw_points(self.preview.batch, obj.matrix_world, view, _PREVIEW_OPACITY)

    def _kept(
        self, made: dict[int, tuple], obj, make: Callable
    ) -> gpu.types.GPUBatch | Spots | None:
        """What was made of an object's data, made anew only where that has changed since."""
        uid, version = _uid(obj), self._version(obj)
        if uid not in made or made[uid][0] != version:
            made[uid] = (version, make(obj.data))
        return made[uid][1]

    def _version(self, obj) -> int:
        return self.versions.get(_uid(obj), 0)


def _visible_splats(context) -> list[bpy.types.Object]:
    """The splats that the viewport shows, as evaluated."""
    depsgraph = context.view_layer.depsgraph
    shown = (
        obj.evaluated_get(depsgraph)
        for obj in context.view_layer.objects
        if obj.type == "POINTCLOUD" and obj.visible_get(viewport=context.space_data)
    )
    return [obj for obj in shown if is_splat(obj)]


def _uid(obj: bpy.types.Object) -> int:
    """Which object it is, evaluated or not: evaluated ones all have the session_uid 0."""
    return obj.original.session_uid


def _flat(matrix) -> tuple[float, ...]:
    return tuple(number for row in matrix for number in row)


def _wake(delay_s: float) -> None:
    """Draw the viewports again after a while."""
    if not bpy.app.timers.is_registered(redraw_pictures):
        bpy.app.timers.register(redraw_pictures, first_interval=delay_s)


def _draw() -> None:
    if not bpy.data.pointclouds:
        overlay.forget()
    elif bpy.context.scene.saga.show_splats:
        overlay.draw(bpy.context)


def _handlers() -> list[tuple[list, Callable]]:
    """What is called when; another frame is no update to Blender."""
    when = bpy.app.handlers
    changed = (when.depsgraph_update_post, when.frame_change_post)
    replaced = (when.undo_post, when.redo_post, when.load_post)
    return [*((each, _changed) for each in changed), *((each, _replaced) for each in replaced)]


@bpy.app.handlers.persistent
def _changed(_scene, depsgraph) -> None:
    """After a change of anything: it may hide a splat, or be one."""
    overlay.scene_version += 1
    for update in depsgraph.updates:
        if update.is_updated_geometry and isinstance(update.id, bpy.types.Object):
            uid = _uid(update.id)
            overlay.versions[uid] = overlay.versions.get(uid, 0) + 1


@bpy.app.handlers.persistent
def _replaced(*_scene) -> None:
    """After undo, redo and loading, objects are others of the same name."""
    overlay.forget()


overlay = Overlay()
