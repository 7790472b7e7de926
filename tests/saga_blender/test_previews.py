"""Previews with a real engine process: never more than two, and none for a dead engine."""


def test_the_first_and_the_last_are_answered(addon, talk):
    _, finish = talk
    Info, previews = addon("backend.protocol").Info, addon("saga_blender.previews").Previews()
    heard = []
    for what in "abcde":
        previews.ask(Info(what), lambda reply: heard.append(reply.text), heard.append)
    finish()
    assert heard == ["a", "e"]
    previews.ask(Info("f"), lambda reply: heard.append(reply.text), heard.append)
    previews.ask(Info("g"), lambda reply: heard.append(reply.text), heard.append)
    previews.forget()
    finish()
    assert heard == ["a", "e"], "nobody wanted f and g any more"


def test_a_dead_engine_is_not_started_for_a_preview(addon, talk):
    session, finish = talk
    Info, previews = addon("backend.protocol").Info, addon("saga_blender.previews").Previews()
    heard, nothing = [], []
    previews.ask(Info("die"), heard.append, nothing.append)
    finish()
    assert len(nothing) == 1, "who asked is told that there is no answer"
    for _ in range(3):  # as a moving mouse would
        previews.ask(Info("again"), heard.append, nothing.append)
        finish()
    assert session.connected().state == "dead" and heard == [] and len(nothing) == 1
    session.wait(Info("a job"))
    previews.ask(Info("now"), heard.append, nothing.append)
    finish()
    assert [reply.text for reply in heard] == ["now"]
