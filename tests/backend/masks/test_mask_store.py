"""Masks in memory and on disk."""

import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from backend.cameras.camera import Camera
from backend.errors import BadInput
from backend.masks import store as store_module
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks

SCENES = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes"


def random_masks(count, height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((count, height, width)) < 0.3, rng.random(count, np.float32)


@pytest.mark.parametrize("shape", [(3, 5, 8), (2, 4, 13), (1, 1, 1), (0, 6, 9)])
def test_packed_masks_answer_like_plain_ones(shape):
    plain, quality = random_masks(*shape)
    masks = ViewMasks.pack(plain, quality)
    assert (len(masks), masks.height, masks.width) == shape
    np.testing.assert_array_equal(masks.unpack(), plain)
    np.testing.assert_array_equal(masks.areas(), plain.sum(axis=(1, 2)))
    every_pixel = np.stack(np.meshgrid(np.arange(shape[2]), np.arange(shape[1])), -1).reshape(-1, 2)
    by_pixel = masks.at(every_pixel)
    assert by_pixel.dtype == bool
    np.testing.assert_array_equal(by_pixel, plain.reshape(shape[0], shape[1] * shape[2]).T)
    assert masks.at(np.empty((0, 2), np.int64)).shape == (0, shape[0])
    for index in range(shape[0]):
        np.testing.assert_array_equal(masks.pixels_of(index), every_pixel[by_pixel[:, index]])


def test_camera_and_mask_grids_meet_at_pixel_centres():
    masks = ViewMasks.pack(np.ones((1, 2, 3), bool), np.ones(1))
    camera = Camera("v", 6, 6, 1, 1, 3, 3, np.eye(4))  # 2 x 3 camera pixels per mask pixel
    corners = np.array([[0, 0], [1, 2], [2, 3], [5, 5]])
    np.testing.assert_array_equal(
        masks.from_camera(corners, camera), [[0, 0], [0, 0], [1, 1], [2, 1]]
    )
    np.testing.assert_array_equal(
        masks.to_camera(np.array([[0, 0], [2, 1]]), camera), [[1, 1], [5, 4]]
    )
    same = Camera("v", 3, 2, 1, 1, 1, 1, np.eye(4))
    np.testing.assert_array_equal(masks.from_camera(np.array([[2, 1]]), same), [[2, 1]])


def test_masks_of_another_format_than_their_view_are_refused():
    def masks(width, height):
        return ViewMasks.pack(np.ones((1, height, width), bool), np.ones(1))

    view = Camera("v.jpg", 4000, 3000, 1, 1, 1, 1, np.eye(4))
    for width, height in ((4000, 3000), (1536, 1152), (2, 2), (800, 650), (860, 600)):
        masks(width, height).require_format_of(view)
    for width, height in ((300, 400), (800, 670), (900, 600)):
        with pytest.raises(BadInput, match=rf"v\.jpg are {width} x {height} .*upright"):
            masks(width, height).require_format_of(view)
    masks(1536, 1).require_format_of(Camera("v", 3000, 1, 1, 1, 1, 1, np.eye(4)))


@pytest.mark.parametrize("shape", [(3, 7, 13), (0, 7, 13)])
def test_store_round_trip(tmp_path, shape):
    store = MaskStore(tmp_path / "masks")
    assert store.views() == [] and store.read("left/04.jpg") is None
    plain, quality = random_masks(*shape)
    store.write("left/04.jpg", ViewMasks.pack(plain, quality))
    store.write("frame.04", ViewMasks.pack(plain[:0], quality[:0]))
    assert (tmp_path / "masks" / "left" / "04.npz").is_file()
    assert store.views() == ["frame.04", "left/04"]
    assert "left/04.jpg" in store and "left/05.jpg" not in store and "frame.03" not in store
    read = store.read("left/04.jpg")
    np.testing.assert_array_equal(read.unpack(), plain)
    np.testing.assert_array_equal(read.predicted_iou, quality)
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {tmp_path / "masks/left/04.npz", tmp_path / "masks/frame.04.npz"}


@pytest.mark.parametrize("name", ["../04.jpg", "a/../../04.jpg", "/etc/04.jpg"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    store = MaskStore(tmp_path / "masks")
    empty = ViewMasks.pack(np.zeros((0, 2, 2), bool), np.zeros(0))
    with pytest.raises(BadInput, match="leads out"):
        store.write(name, empty)
    with pytest.raises(BadInput, match="leads out"):
        store.read(name)


def test_damaged_files_are_bad_input_and_named(tmp_path):
    store = MaskStore(tmp_path)
    plain, quality = random_masks(4, 6, 13)
    store.write("04.jpg", ViewMasks.pack(plain, quality))
    path = tmp_path / "04.npz"
    whole = path.read_bytes()
    for end in range(0, len(whole), 5):
        path.write_bytes(whole[:end])
        with pytest.raises(BadInput, match=r"04\.npz"):
            store.read("04.jpg")
    for at in range(0, len(whole), 3):  # a flipped byte is noticed or harmless, never a crash
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            np.testing.assert_array_equal(store.read("04.jpg").unpack(), plain)
        except BadInput:
            continue
    path.write_bytes(np.lib.format.magic(1, 0))
    with pytest.raises(BadInput):
        store.read("04.jpg")


@pytest.mark.parametrize(
    "lie",
    [
        {"shape": [3, 6, 13]},
        {"shape": [4, 6, 17]},
        {"shape": [4, 12]},
        {"shape": [4, 6, -13]},
        {"shape": [2**62, 2**62, 2**62]},
        {"shape": [4.5, np.nan, 13]},
        {"masks": np.full((4, 6, 2), 255, np.uint8)},  # bits set beyond column 13
        {"masks": np.zeros((4, 6, 2))},
        {"masks": np.array([{}], object)},  # a pickle
        {"predicted_iou": np.zeros(3)},
        {"predicted_iou": np.full(4, np.nan)},
    ],
    ids=lambda lie: f"{next(iter(lie))}",
)
def test_lying_files_are_bad_input(tmp_path, lie):
    plain, quality = random_masks(4, 6, 13)
    honest = {"masks": np.packbits(plain, axis=-1), "shape": plain.shape, "predicted_iou": quality}
    np.savez(tmp_path / "04.npz", **honest)  # as the first version wrote them
    np.testing.assert_array_equal(MaskStore(tmp_path).read("04.jpg").unpack(), plain)
    np.savez(tmp_path / "04.npz", **(honest | lie))
    with pytest.raises(BadInput, match=r"04\.npz"):
        MaskStore(tmp_path).read("04.jpg")


@pytest.mark.parametrize(
    "lie",
    [
        {"boxes": [[0, 0, 2, 2], [1, 0, 4, 1]]},  # a row too many
        {"boxes": [[0, 0, 2, 2], [1, 1, 3, 3]]},  # beyond the width
        {"boxes": [[0, 0, 2, 2], [1, 0, 2, 1]]},  # bytes left over
        {"boxes": [[0, 0, 2, 2], [3, 0, 1, 1]]},  # upside down
        {"boxes": [[0, 0, 2, 2]]},
        {"shape": [2, 2**40, 2**40]},
        {"crops": np.zeros(6)},
    ],
    ids=lambda lie: f"{next(iter(lie))}",
)
def test_lying_boxes_are_bad_input(tmp_path, lie):
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 1]])
    honest = {"boxes": boxes, "crops": np.arange(6, dtype=np.uint8) * 8, "shape": [2, 3, 13]}
    honest["predicted_iou"] = np.ones(2)
    np.savez(tmp_path / "04.npz", **honest)
    first, second = MaskStore(tmp_path).read("04.jpg").packed
    assert first.tolist() == [[0, 8], [16, 24], [0, 0]]
    assert second.tolist() == [[0, 0], [32, 0], [40, 0]]
    np.savez(tmp_path / "04.npz", **(honest | lie))
    with pytest.raises(BadInput, match=r"04\.npz"):
        MaskStore(tmp_path).read("04.jpg")


def zip_of(path, **members: bytes):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)


def npy(descr: str, shape: str, data: bytes = b"") -> bytes:
    """What a file may claim of itself."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}".encode()
    return np.lib.format.magic(1, 0) + struct.pack("<H", len(header)) + header + data


SHAPE = npy("<i8", "(3,)", np.array([1, 40_000, 40_000]).tobytes())
BOXES = npy("<i4", "(1, 4)", bytes(16))
HOSTILE = {
    "no array": {"shape": b"not numpy's", "crops": b"", "boxes": b""},
    "an array that lies about its size": {"shape": npy("<i8", "(4611686018427387904,)")},
    "more than it has": {"shape": npy("<i8", "(268435456,)", bytes(24))},
    "all that is left": {"shape": npy("<i8", "(-1,)", bytes(24))},
    "a bomb": {"shape": npy("|u1", "(100000000,)", bytes(100_000_000))},
    "large and empty": {"shape": SHAPE, "boxes": BOXES, "crops": npy("|u1", "(0,)")},
    "a broken header": {"shape": npy("<i8", "(" * 2000)},
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_before_they_take_up_memory(tmp_path, monkeypatch, members):
    monkeypatch.setattr(store_module, "MOST_BYTES", 50_000_000)
    zip_of(tmp_path / "04.npz", **{"predicted_iou": npy("<f4", "(1,)", bytes(4)), **members})
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"04\.npz"):
        MaskStore(tmp_path).read("04.jpg")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("count", [24, 25])
def test_what_could_not_be_read_again_is_not_written(tmp_path, monkeypatch, count):
    monkeypatch.setattr(store_module, "MOST_BYTES", 24 * 6 * 2)
    store, (plain, quality) = MaskStore(tmp_path), random_masks(count, 6, 13)
    masks = ViewMasks.pack(plain, quality)
    if count == 24:
        store.write("04.jpg", masks)
        np.testing.assert_array_equal(store.read("04.jpg").unpack(), plain)
    else:
        with pytest.raises(BadInput, match=r"25 masks of view 04\.jpg"):
            store.write("04.jpg", masks)
        assert not list(tmp_path.iterdir())


def test_only_what_a_mask_fills_is_kept(tmp_path):
    plain = np.zeros((3, 1080, 1920), bool)
    plain[0, 500:530, 700:760] = True
    plain[1, 0, 1919] = True
    MaskStore(tmp_path).write("04.jpg", ViewMasks.pack(plain, np.ones(3)))
    with np.load(tmp_path / "04.npz") as arrays:
        assert arrays["boxes"].tolist() == [[500, 87, 530, 95], [0, 239, 1, 240], [0] * 4]
        assert arrays["crops"].nbytes == 30 * 8 + 1
    np.testing.assert_array_equal(MaskStore(tmp_path).read("04.jpg").unpack(), plain)


def test_interrupted_write_leaves_the_old_file(tmp_path):
    store = MaskStore(tmp_path)
    plain, quality = random_masks(2, 3, 4)
    store.write("04.jpg", ViewMasks.pack(plain, quality))
    unwritable = ViewMasks(np.array([[[lambda: None]]]), 4, quality)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        store.write("04.jpg", unwritable)
    np.testing.assert_array_equal(store.read("04.jpg").unpack(), plain)
    assert [path.name for path in tmp_path.iterdir()] == ["04.npz"]


@pytest.mark.parametrize("scene", ["kitchen", "plush"])
def test_ready_masks_read_directly(scene):
    folder = SCENES / scene / "sam_masks"
    if not folder.is_dir():
        pytest.skip(f"real scene {scene} is not here")
    store = MaskStore(folder)
    for view in store.views():
        masks = store.read(f"{view}.jpg")
        assert len(masks) > 10 and (masks.areas() > 0).all()
        assert masks.predicted_iou.min() > 0.86
