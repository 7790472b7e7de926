"""What becomes of answers, with a real engine process: one that does as it is told."""

from types import SimpleNamespace

import bpy
import pytest


@pytest.fixture
def info(addon):
    return addon("backend.protocol").Info


def test_a_callback_that_fails_keeps_no_other_from_being_called(addon, talk, info, capsys):
    session, _ = talk
    drain = addon("saga_blender.engine.session")._drain

    def fail(_reply):
        raise ZeroDivisionError("a defect")

    session.start(info("first"), "First", fail)
    heard = []
    session.connected().request(info("second"), on_done=heard.append)
    while drain() is not None:
        pass
    assert [reply.text for reply in heard] == ["second"]
    assert "ZeroDivisionError: a defect" in capsys.readouterr().err
    assert session.job is None


def test_what_can_be_undone_waits_for_object_mode_and_is_one_step(addon, talk, info):
    session, finish = talk
    unchanged = addon("saga_blender.engine.job").Unchanged
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "cube"
    bpy.ops.ed.undo_push(message="before")

    def move(_reply):
        bpy.data.objects["cube"].location.x = 5
        return "Moved."

    bpy.ops.object.mode_set(mode="EDIT")
    session.start(info("hello"), "Move", move, undoable=True)
    while session.connected().busy:
        session.drain()
    assert session.drain(), "it is still to come"
    assert session.job.text == "Done: switch to Object Mode to see it"
    assert bpy.data.objects["cube"].location.x == 0 and not session.notice
    bpy.ops.object.mode_set(mode="OBJECT")
    finish()
    assert bpy.data.objects["cube"].location.x == 5 and session.notice == "Moved."

    session.start(info("hello"), "Nothing", lambda _: unchanged("Nothing."), undoable=True)
    finish()
    assert session.notice == "Nothing."
    bpy.ops.ed.undo()
    assert bpy.data.objects["cube"].location.x == 0, "what changed nothing is no step"


def test_an_engine_that_cannot_be_asked_is_told_of_like_any_failure(addon, info):
    """Raised, it would be a traceback: a click and the text field run operators from within."""
    session = addon("saga_blender.engine.session").session
    chosen = addon("saga_blender.preferences").preferences()
    chosen.engine_on, chosen.ssh_host, chosen.ssh_folder = "SSH", "-oProxyCommand=x", "there"
    online = bpy.context.preferences.system.use_online_access
    bpy.context.preferences.system.use_online_access = True
    try:
        session.start(info("hello"), "Hello", lambda _: "")
        assert "no name of a computer" in session.error.message and session.job is None
    finally:
        bpy.context.preferences.system.use_online_access = online
        chosen.engine_on, chosen.ssh_host, chosen.ssh_folder = "HERE", "", ""


def test_another_file_has_no_error_yet(addon):
    session = addon("saga_blender.engine.session").session
    offer = {"max_views": 5}
    session.error = addon("backend.errors").NotEnoughMemory("It needs 9 GB.", "", offer)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert session.error is None
    assert not addon("saga_blender.operators.train").offered()


def test_fetched_weights_go_to_their_scene_whatever_it_is_called_by_then(addon):
    protocol, asked = addon("backend.protocol"), []
    operator = SimpleNamespace(
        weights="mobile_sam", ask=lambda _message, on_answer: asked.append(on_answer)
    )
    fetch = addon("saga_blender.operators.fetch").FetchWeights
    fetch.execute(operator, bpy.context)
    (fetched,) = asked
    bpy.context.scene.name = "renamed"
    told = fetched(protocol.Fetched("weights.pt"))
    assert bpy.context.scene.saga.sam_checkpoint == "weights.pt" and "weights.pt" in told
    assert "UNDO" in fetch.bl_options

    bpy.ops.wm.read_homefile(use_empty=True)
    unchanged = addon("saga_blender.engine.job").Unchanged
    assert isinstance(fetched(protocol.Fetched("weights.pt")), unchanged)
    assert not bpy.context.scene.saga.sam_checkpoint


def test_other_settings_end_no_work_and_count_from_the_next(addon, talk, info):
    """A device or host that is chosen while it trains: only the next job goes there."""
    session, finish = talk
    chosen = addon("saga_blender.preferences").preferences()
    chosen.device, told = "cpu", []
    session.start(info("stages"), "Train SAGA", lambda _: told.append("trained") or "Trained.")
    chosen.device = "auto"
    try:
        worker = session.connected()
        assert session.job is not None, "whoever asks beside it"
        finish()
        assert told == ["trained"]
        session.start(info("hello"), "Next", lambda reply: reply.facts["device"])
        finish()
        assert session.notice == "auto" and session.connected() is not worker
    finally:
        chosen.device = "auto"
