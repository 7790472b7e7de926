"""Making masks view by view, with a generator that finds what is red."""

import numpy as np
import pytest
from PIL import Image

from backend.cameras.camera import Camera, look_at
from backend.cameras.photographs import load_photograph
from backend.cameras.spread_out import spread_out
from backend.errors import BadInput, Cancelled
from backend.masks.make import make_masks, views_without_masks
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks


class RedMasks:
    """One mask: the red pixels."""

    def estimate(self):
        return "one look each", 100.0

    def generate(self, image, report=None):
        report("Finding masks", 0.5)
        red = (image[..., 0] > 200) & (image[..., 2] < 50)
        return ViewMasks.pack(red[None], np.ones(1))


def ring(count, folder=None):
    """Cameras on a circle that look at its centre, red on the left half of their photographs."""
    cameras = []
    for index in range(count):
        angle = 2 * np.pi * index / count
        forward = -np.array([np.cos(angle), np.sin(angle), 0])
        world_to_camera = look_at(-5 * forward, forward, up=np.array([0, 0, 1]))
        path = None
        if folder:
            path = folder / f"{index:02}.png"
            photo = np.zeros((8, 12, 3), np.uint8)
            photo[:, :6, 0] = 255
            Image.fromarray(photo).save(path)
        name = f"{index:02}.png"
        cameras.append(Camera(name, 12, 8, 10, 10, 6, 4, world_to_camera, path))
    return cameras


def test_every_beginning_of_the_order_is_spread_out():
    order = [int(camera.name[:2]) for camera in spread_out(ring(16))]
    assert sorted(order) == list(range(16))
    assert order[:2] == [0, 8] and sorted(order[:4]) == [0, 4, 8, 12]
    assert sorted(order[:8]) == list(range(0, 16, 2))
    same_place = [Camera(f"{i}", 1, 1, 1, 1, 0, 0, np.eye(4)) for i in range(3)]
    assert [camera.name for camera in spread_out(same_place)] == ["0", "1", "2"]
    assert spread_out([]) == []


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    cameras = ring(6, tmp_path)
    store = MaskStore(tmp_path / "masks")

    def cancel_in_the_third_view(stage, fraction, detail=""):
        if fraction > 2.4 / 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_masks(
            views_without_masks(cameras, store),
            store,
            RedMasks(),
            load_photograph,
            cancel_in_the_third_view,
        )
    assert store.views() == ["00", "03"]
    calls = []

    def watch(stage, fraction, detail=""):
        calls.append((stage, fraction, detail))

    missing = views_without_masks(cameras, store)
    make_masks(missing, store, RedMasks(), load_photograph, watch)
    assert len(store.views()) == 6
    assert calls.pop(0) == ("Masks of 4 views, one look each: about 7 min", 0, "")
    fractions, details = zip(*(call[1:] for call in calls), strict=True)
    assert "03.png" not in details and "05.png" in details
    assert fractions[0] == 0.5 / 4 and fractions[-1] == 1 and list(fractions) == sorted(fractions)


def test_damaged_and_foreign_files_are_made_anew(tmp_path):
    cameras = ring(3, tmp_path)
    store = MaskStore(tmp_path / "masks")
    make_masks(cameras, store, RedMasks(), load_photograph)
    truncated, foreign, whole = (store.folder / f"{name}.npz" for name in ("00", "01", "02"))
    truncated.write_bytes(truncated.read_bytes()[:-9])
    foreign.write_bytes(b"no masks at all")
    untouched = whole.stat().st_mtime_ns
    missing = views_without_masks(cameras, store)
    assert [camera.name for camera in missing] == ["00.png", "01.png"]
    make_masks(missing, store, RedMasks(), load_photograph)
    assert [store.read(name).areas().tolist() for name in ("00", "01", "02")] == [[48]] * 3
    assert whole.stat().st_mtime_ns == untouched


def test_looking_for_masks_can_be_cancelled(tmp_path):
    told = []

    def cancel_at_the_third_view(stage, fraction, detail=""):
        told.append((stage, fraction))
        if fraction == 2 / 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        views_without_masks(ring(6), MaskStore(tmp_path), cancel_at_the_third_view)
    assert told == [("Looking for masks", n / 6) for n in range(3)]


def test_time_limit_stops_after_the_view_in_hand(tmp_path):
    store = MaskStore(tmp_path / "masks")
    told = []

    def listen(stage, fraction, detail=""):
        told.append(stage)

    make_masks(ring(6, tmp_path), store, RedMasks(), load_photograph, listen, max_minutes=1e-9)
    assert store.views() == ["00"]
    assert told[0].endswith("about 10 min, stopping after 1e-09")


def test_broken_photograph_is_named(tmp_path):
    cameras = ring(2, tmp_path)
    cameras[1].image_path.write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"01\.png"):
        make_masks(cameras, MaskStore(tmp_path / "masks"), RedMasks(), load_photograph)
