"""Asking the engine for weights."""

import pytest

from backend.engine import Engine
from backend.errors import BadInput
from backend.protocol import Fetch


def test_unknown_weights_are_refused_with_what_there_is(tmp_path):
    with pytest.raises(BadInput, match="mobile_sam"):
        Engine("cpu").handle(Fetch("yolo", str(tmp_path / "new")))
    assert list(tmp_path.iterdir()) == []
