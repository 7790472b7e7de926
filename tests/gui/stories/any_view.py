"""A click means what is under it, however it is looked at."""

import bpy
import numpy as np
from hand import Hand, Waiting, until
from mathutils import Vector
from stage import Stage, iou


def in_orthographic(stage: Stage) -> Waiting:
    stage.hand.area().spaces.active.region_3d.view_perspective = "ORTHO"
    yield 0.1
    return stage.hand, stage.hand.region()


def in_the_camera(stage: Stage) -> Waiting:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    view = stage.hand.area().spaces.active.region_3d
    view.view_perspective = "PERSP"
    with stage.hand.in_viewport():
        bpy.ops.view3d.camera_to_view()
    yield 0.1
    assert view.view_perspective == "CAMERA"
    return stage.hand, stage.hand.region()


def in_quad_view(stage: Stage) -> Waiting:
    stage.hand.area().spaces.active.region_3d.view_perspective = "PERSP"
    with stage.hand.in_viewport():
        bpy.ops.screen.region_quadview()
    yield 0.5
    regions = [r for r in stage.hand.area().regions if r.type == "WINDOW"]
    assert len(regions) == 4
    above = Vector((0, 0, -1))
    return stage.hand, next(r for r in regions if (r.data.view_rotation @ above).z < -0.99)


def in_a_second_window(stage: Stage) -> Waiting:
    with stage.hand.in_viewport():
        bpy.ops.screen.region_quadview()
        bpy.ops.wm.window_new()
    yield 1.0
    hand = Hand(window=1)
    return hand, hand.region()


def parented_and_unevenly_scaled(stage: Stage) -> Waiting:
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[1]):
        bpy.ops.wm.window_close()
    other = stage.splat.copy()  # a second splat, of the same data, beside the first
    other.location.x += 20
    parent = bpy.data.objects.new("Parent", None)
    parent.scale, parent.rotation_euler = (1.2, 0.8, 1.0), (0.1, 0.2, 0.5)
    for obj in (other, parent):
        bpy.context.collection.objects.link(obj)
    stage.splat.parent = parent
    yield 0.5
    return stage.hand, stage.hand.region()


def story_splats_are_drawn_where_they_are(stage: Stage) -> Waiting:
    region, splat = stage.hand.region(), stage.splat

    def opacity(place: tuple[int, int]) -> Waiting:
        """Of the finished picture, at a place of the viewport."""
        yield 0.3
        yield from stage.at_rest()
        (view,) = stage.overlay.views.values()
        colors = np.array(view.shown[1].colors.read().to_list())
        return colors.reshape(region.height, region.width, 4)[place[1], place[0], 3]

    place = stage.place("books")
    assert (yield from opacity(place)) > 0.9 * 255
    middle = splat.matrix_world @ Vector(stage.middle("books"))
    eye = region.data.view_matrix.inverted().translation
    with stage.hand.in_viewport():
        bpy.ops.mesh.primitive_cube_add(size=0.5, location=middle.lerp(eye, 0.3))
    cube = bpy.context.object
    cube.keyframe_insert("location", frame=1)
    cube.location.x += 100
    cube.keyframe_insert("location", frame=2)
    bpy.context.scene.frame_set(1)
    assert (yield from opacity(place)) == 0, "hidden by what is in front"
    bpy.context.scene.frame_set(2)
    assert (yield from opacity(place)) > 0.9 * 255, "it has moved away in this frame"
    bpy.context.scene.frame_set(1)
    bpy.data.objects.remove(cube)
    bpy.context.view_layer.objects.active = splat
    splat.select_set(True)
    splat.location.z += 50
    assert (yield from opacity(place)) == 0, "it follows the object"
    splat.location.z -= 50
    splat.hide_set(True)
    yield from until(lambda: not stage.overlay.views, 10)
    splat.hide_set(False)
    splat.select_set(True)
    assert (yield from opacity(place)) > 0.9 * 255


def story_a_click_picks_what_is_under_it_in_any_view(stage: Stage) -> Waiting:
    stage.settings.scale, stage.settings.through = 0.7, False
    missed = []
    for change in (
        in_orthographic,
        in_the_camera,
        in_quad_view,
        in_a_second_window,
        parented_and_unevenly_scaled,
    ):
        hand, region = yield from change(stage)
        yield from stage.at_rest()
        hand.move((60, 60), region)
        yield from hand.press("ESC")
        yield from until(lambda: not stage.selected.any(), 10)
        yield from hand.click(stage.place("books", region), region)
        yield from stage.at_rest()
        stage.picture(change.__name__)
        if iou(stage.selected, stage.truth["books"]) < 0.6:
            missed.append(change.__name__)
    stage.splat.parent = None
    for name in ("tabletop.001", "Camera", "Parent"):
        bpy.data.objects.remove(bpy.data.objects[name])
    yield 0.3
    yield from stage.at_rest()
    assert not missed
