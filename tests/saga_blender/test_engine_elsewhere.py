"""The preferences of an engine on another computer."""

import os
import sys
from pathlib import Path

import bpy
import pytest

STAND_IN = Path(__file__).resolve().parents[1] / "stand_in"
ENGINE_PYTHON = os.environ.get("SAGA_ENGINE_PYTHON", sys.executable)


def test_the_preferences_lead_there(addon, server, monkeypatch):
    monkeypatch.setenv("PATH", server.path)
    chosen = addon("saga_blender.preferences").preferences()
    place = addon("saga_blender.engine.place")
    session = addon("saga_blender.engine.session").session
    info = addon("backend.protocol").Info("hello")
    system = bpy.context.preferences.system
    chosen.engine_on, chosen.device = "SSH", "cpu"
    try:
        system.use_online_access = False
        with pytest.raises(addon("backend.errors").BadInput, match="Allow Online Access"):
            session.wait(info)
        system.use_online_access = True
        assert place.why_no_engine()[1] == "Say Where the Engine Is"
        with pytest.raises(addon("backend.errors").BadInput, match="No host is given"):
            session.wait(info)
        chosen.ssh_host, chosen.ssh_folder = "gpu-box ", str(STAND_IN)
        chosen.ssh_python = ENGINE_PYTHON
        assert place.why_no_engine() is None and str(place.weights_folder()) == "weights"
        assert session.wait(info).text == "hello"
    finally:
        session.close()
        chosen.engine_on = "HERE"
