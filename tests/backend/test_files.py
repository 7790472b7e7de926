"""What is written into a scene's work folder: whole or not at all, and no draft stays for ever."""

import os
import time

import numpy as np
import pytest
import torch
from two_balls import write_two_balls

from backend.cameras.camera import Camera
from backend.cameras.saved import save_views
from backend.engine import Engine
from backend.errors import BadInput
from backend.language.index import TextIndex
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.protocol import Train
from backend.tensors import save_tensors

EMPTY = np.zeros((1, 1), np.uint8)
WRITERS = {
    "tensors": lambda folder: save_tensors(folder / "a", {"a": torch.zeros(1)}, {}),
    "masks": lambda folder: MaskStore(folder).write(
        "a", ViewMasks.pack(EMPTY[None] > 0, np.ones(1))
    ),
    "views": lambda folder: save_views(folder / "a", [Camera("a", *"112233", np.eye(4))], {}),
    "text index": lambda folder: TextIndex(*4 * [EMPTY]).save(folder / "a", "key"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_missing_folder_is_made_and_one_that_cannot_be_is_told_of(write, tmp_path):
    write(tmp_path / "not there" / "yet")
    (tmp_path / "a file").touch()
    with pytest.raises(BadInput, match="cannot be written"):
        write(tmp_path / "a file" / "within")


def test_training_that_could_not_be_saved_is_refused_before_it_begins(tmp_path):
    scene = write_two_balls(tmp_path)
    work, masks = scene.with_suffix(".saga"), tmp_path / "masks"
    (work / "masks").rename(masks)
    work.rmdir()
    work.touch()
    told = []
    with pytest.raises(BadInput, match="saga cannot be written"):
        Engine("cpu").handle(
            Train(str(scene), masks=str(masks), steps=1), lambda *said: told.append(said[0])
        )
    assert set(told) <= {"Loading PyTorch", "Opening the scene"}


def test_training_removes_what_killed_ones_left_half_written(tmp_path):
    scene = write_two_balls(tmp_path)
    work, two_hours_ago = scene.with_suffix(".saga"), time.time() - 7200
    stale = [work / "field.safetensors.0.part", work / ".tmpAbC123", work / "masks" / "1.npz.part"]
    for path in (*stale, under_way := work / "training.safetensors.1.part"):
        path.touch()
    for path in (*stale, masks := work / "masks" / "0.npz"):
        os.utime(path, (two_hours_ago, two_hours_ago))
    Engine("cpu").handle(Train(str(scene), steps=1))
    assert not any(path.exists() for path in stale)
    assert under_way.exists() and masks.exists()


def test_the_same_training_is_answered_at_once_and_any_other_is_done(tmp_path):
    scene, engine, told = write_two_balls(tmp_path), Engine("cpu"), []
    work = scene.with_suffix(".saga")

    def trained(**settings) -> tuple:
        told.clear()
        reply = engine.handle(
            Train(str(scene), steps=2, **settings), lambda *said: told.append(said[0])
        )
        return reply.views, reply.masks, reply.steps, reply.loss

    first, field = trained(), (work / "field.safetensors").read_bytes()
    assert "Training" in told
    assert trained() == first and "Training" not in told
    assert (work / "field.safetensors").read_bytes() == field

    trained(seed=1)
    assert "Training" in told
    assert trained() == first and "Training" in told
    mask = work / "masks" / "3.npz"
    arrays = dict(np.load(mask))
    arrays["masks"][0, 0, 0] ^= 128  # one pixel, on which no ray need lie
    np.savez(mask, **arrays)
    trained()
    assert "Training" in told
    (work / "field.safetensors").write_bytes(b"damaged")
    trained()
    assert "Training" in told
    trained()
    assert "Training" not in told
