"""Trainings that are given weights of a SAM, and make only the masks that are not there."""

import numpy as np
import pytest
from two_balls import write_two_balls

from backend.answers import train
from backend.engine import Engine
from backend.errors import BadInput
from backend.masks import sam
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.protocol import Train


class Everything:
    """One mask, of all there is. A SAM takes seconds a view."""

    def estimate(self):
        return "one look each", 0.0

    def generate(self, image, report=None):
        return ViewMasks.pack(np.ones((1, *image.shape[:2]), bool), np.ones(1))


@pytest.fixture
def scene(tmp_path):
    (tmp_path / "sam.pt").write_bytes(b"no weights")
    return write_two_balls(tmp_path)


def training(scene):
    return Train(str(scene), sam_checkpoint=str(scene.with_name("sam.pt")), steps=3)


def test_weights_are_not_looked_at_where_all_masks_are_ready(scene, monkeypatch):
    def none(*_):
        raise AssertionError("photographs are compared before masks are made of them")

    monkeypatch.setattr(train, "require_matching_photographs", none)
    assert Engine("cpu").handle(training(scene)).masks == 14 * 3
    MaskStore(scene.with_suffix(".saga") / "masks")._path("3.png").unlink()
    with pytest.raises(BadInput, match=r"sam\.pt is not a usable"):
        Engine("cpu").handle(training(scene))


def test_weights_that_do_not_exist_are_refused_though_all_masks_are_ready(scene):
    scene.with_name("sam.pt").unlink()
    with pytest.raises(BadInput, match=r"sam\.pt does not exist"):
        Engine("cpu").handle(training(scene))


@pytest.mark.parametrize("view", ["0.png", "7.png"])  # 7 speaks for all
def test_masks_that_are_missing_or_damaged_are_made(scene, monkeypatch, view):
    monkeypatch.setattr(sam, "load_sam", lambda *_: Everything())
    store = MaskStore(scene.with_suffix(".saga") / "masks")
    (store.folder / view).with_suffix(".npz").write_bytes(b"damaged")
    trained = Engine("cpu").handle(training(scene))
    assert trained.views == 14 and trained.masks == 13 * 3 + 1
    assert len(store.read(view)) == 1
