"""From a fresh Blender to a trained splat."""

import bpy
from hand import Waiting, until
from stage import Stage


def story_install(stage: Stage) -> Waiting:
    preferences = bpy.context.preferences
    preferences.system.use_region_overlap = False  # the sidebar beside the viewport, not over it
    preferences.view.show_tooltips = False
    preferences.view.filebrowser_display_type = "SCREEN"  # in the window that is looked at
    bpy.ops.extensions.package_install_files(
        filepath=stage.arguments["extension"], repo="user_default", enable_on_install=True
    )
    chosen = stage.addon("preferences").preferences()
    chosen.engine_python, chosen.device = stage.arguments["engine_python"], "cpu"
    stage.hand.area().spaces.active.show_region_ui = True
    yield 0.5
    stage.hand.sidebar.active_panel_category = "SAGA"
    yield 0.2


def story_import(stage: Stage) -> Waiting:
    hand = stage.hand
    hand.move((300, 300))
    yield from hand.press("A")
    yield from hand.press("DEL")  # Blender's cube, camera and light
    yield 0.2
    assert not bpy.data.objects[:]
    yield from hand.push("import_scene.saga_splat(")
    yield from stage.choose_file("tabletop.ply")
    yield from until(lambda: "tabletop" in bpy.data.objects, 10)
    hand.move((300, 300))
    yield from hand.press("NUMPAD_PERIOD")
    yield 0.5
    yield from stage.at_rest()
    stage.picture("imported")
    assert len(stage.splat.data.points) == len(stage.truth["mug"])


def story_a_click_before_training_says_so(stage: Stage) -> Waiting:
    yield from stage.hand.push('name="saga.select_tool"', across=0.15)
    yield 0.2
    yield from stage.hand.click(stage.place("mug"))
    yield 1.0
    stage.picture("clicked untrained")
    assert stage.session.job is None and bpy.context.view_layer.objects.active == stage.splat


def story_train(stage: Stage) -> Waiting:
    yield from stage.hand.push("saga.train(")
    yield from until(lambda: stage.session.job and stage.session.job.progress)
    yield from until(lambda: stage.session.job.progress.stage == "Training", 60)
    yield from until(lambda: stage.session.job.progress.fraction > 0.5, 60)
    yield 0.3
    stage.picture("training")
    yield from stage.hand.push("saga.cancel(", across=0.82)
    yield from until(lambda: stage.session.job is None, 10)
    assert stage.session.notice == "Cancelled." and stage.session.error is None
    yield from stage.hand.push("saga.train(")  # goes on where it was
    yield from until(lambda: stage.session.job is None, 300)
    assert stage.session.notice.startswith("Trained"), stage.session.notice
