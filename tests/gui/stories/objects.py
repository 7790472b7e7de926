"""Things become objects, and files."""

import bpy
from hand import Waiting, until
from stage import Stage, iou


def story_decompose_and_the_list(stage: Stage) -> Waiting:
    hand, bpy.context.scene.saga.cluster_scale = stage.hand, 0.45  # 0.5 leaves all on the tray
    yield from hand.push("saga.decompose(")
    yield from until(lambda: stage.session.job is None)
    assert stage.session.error is None, stage.session.error
    data, labels = stage.splat.data, stage.addon("splat_object").clusters(stage.splat.data)
    parts = [labels == row for row in range(len(data.saga.found))]
    for thing in ("mug", "bottle", "books"):
        assert max(iou(part, stage.truth[thing]) for part in parts) > 0.7, thing
    yield from stage.at_rest()
    yield from hand.push("saga.select_cluster(row=1)", across=0.655)
    yield from until(lambda: (stage.selected == parts[1]).all(), 10)
    yield from hand.push("saga.select_cluster(row=2)", across=0.655, shift=True)
    yield from until(lambda: (stage.selected == parts[1] | parts[2]).all(), 10)
    eye = yield from hand.find("found[1].shown", across=0.73)
    yield from hand.click(eye, hand.sidebar)
    yield from until(lambda: not data.saga.found[1].shown, 10)
    yield from hand.click((0.25 * hand.sidebar.width, eye[1]), hand.sidebar, ctrl=True)
    yield from hand.write("fruit bowl")
    yield from until(lambda: data.saga.found[1].name == "fruit bowl", 10)
    yield from stage.at_rest()
    stage.picture("decomposed")


def story_export(stage: Stage) -> Waiting:
    written = stage.folder / "exported.ply"
    written.unlink(missing_ok=True)
    yield from stage.hand.push("export_scene.saga_splat(")
    yield from stage.choose_file(written.name)
    yield from until(written.exists, 20)
    yield 0.3
    stage.picture("exported")
    assert written.read_bytes() == (stage.folder / "tabletop.ply").read_bytes()


def story_escape_clears_and_enter_splits(stage: Stage) -> Waiting:
    for row in stage.splat.data.saga.found:
        row.shown = True
    stage.hand.move((60, 60))
    yield from stage.hand.press("ESC")
    yield from until(lambda: not stage.selected.any(), 10)
    with stage.hand.in_viewport():
        bpy.ops.screen.animation_play()
    yield from until(lambda: stage.hand.window.screen.is_animation_playing, 10)
    yield from stage.hand.press("ESC")  # nothing is selected: it means what it does in Blender
    yield from until(lambda: not stage.hand.window.screen.is_animation_playing, 10)
    stage.settings.scale = 0.7
    yield from stage.hand.click(stage.place("mug"))
    yield from stage.at_rest()
    count, total = stage.selected.sum(), len(stage.selected)
    yield from stage.hand.press("RET")
    yield from until(lambda: len(stage.splat.data.points) == total - count, 10)
    for redo, points in ((False, total), (True, total - count)):
        yield from stage.hand.press("Z", ctrl=True, **({"shift": True} if redo else {}))
        yield from until(lambda points=points: len(stage.splat.data.points) == points, 10)
    part = bpy.context.object
    assert part.name.startswith("Object "), "it is called what it was found to be"
    assert len(part.data.points) == count
    part.location.z += 1.5
    yield from stage.at_rest()
    stage.picture("split")
