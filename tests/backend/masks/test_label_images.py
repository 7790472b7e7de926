"""Masks from folders of label images."""

import json
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from backend.cameras.camera import Camera
from backend.cameras.cameras_json import camera_entry
from backend.engine import Engine
from backend.errors import BadInput
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.masks.label_images import LabelImages, open_masks
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.protocol import Train

LABELS = np.array([[0, 1, 1, 7, 7, 0, 0, 0, 0], [0, 1, 0, 7, 0, 0, 0, 0, 1]])


def write(path, labels, mode="L", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    dtype = {"L": np.uint8, "P": np.uint8, "I;16": np.uint16, "RGB": np.uint8, "F": np.float32}
    image = Image.fromarray(labels.astype(dtype[mode]))
    if mode == "P":
        image = image.convert("L")
        image.putpalette([9, 9, 9] * 256)  # all colours alike: the numbers count
    image.save(path, **options)


def masks_of(folder, view):
    return {tuple(map(tuple, mask)) for mask in LabelImages(folder).read(view).unpack().tolist()}


def as_masks(*labels):
    return {tuple(map(tuple, mask.tolist())) for mask in labels}


ONE_AND_SEVEN = as_masks(LABELS == 1, LABELS == 7)


@pytest.mark.parametrize(
    "name, mode, labels",
    [
        ("a.png", "L", LABELS),
        ("a.png", "P", LABELS),
        ("a.tif", "L", LABELS),
        ("a.png", "I;16", LABELS * 9000),
        ("a.tiff", "I;16", LABELS * 9000),
        ("a.PNG", "L", LABELS),
        ("a.Tif", "L", LABELS),
        ("a.png", "RGB", LABELS[..., None] * [0, 36, 1]),
    ],
)
def test_every_number_or_colour_is_a_mask(tmp_path, name, mode, labels):
    write(tmp_path / name, labels, mode)
    assert masks_of(tmp_path, "a.jpg") == ONE_AND_SEVEN
    assert "a.jpg" in LabelImages(tmp_path) and "b.jpg" not in LabelImages(tmp_path)


def test_masks_of_many_things_in_a_noisy_picture(tmp_path):
    labels = np.random.default_rng(0).integers(0, 40, (23, 37)) * 6
    write(tmp_path / "a.png", labels)
    assert masks_of(tmp_path, "a") == as_masks(*(labels == 6 * k for k in range(1, 40)))


@pytest.mark.parametrize("mode, name", [("LA", "a.png"), ("RGBA", "a.png"), ("PA", "a.tif")])
def test_what_is_transparent_is_nothing(tmp_path, mode, name):
    shown = Image.fromarray(np.where(LABELS == 0, 255, LABELS).astype(np.uint8))
    image = shown.convert(mode.removesuffix("A"))
    image.putalpha(Image.fromarray(np.where(LABELS == 0, 0, 255).astype(np.uint8)))
    image.save(tmp_path / name)
    with Image.open(tmp_path / name) as saved:
        assert saved.mode == mode
    assert masks_of(tmp_path, "a") == ONE_AND_SEVEN


def test_what_a_palette_makes_transparent_is_nothing(tmp_path):
    write(tmp_path / "a.png", np.where(LABELS == 0, 9, LABELS), "P", transparency=9)
    assert masks_of(tmp_path, "a") == ONE_AND_SEVEN


def png_of_16_bits(colour_type, *channels):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    pixels = np.stack(channels, axis=-1).astype(">u2")
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*item) for item in chunks.items())


def tiff_of_16_bits(*channels):
    pixels = np.stack(channels, axis=-1).astype("<u2")
    height, width, count = pixels.shape
    tags = [
        (256, width), (257, height), (258, 122), (259, 1), (262, 2),
        (273, 128), (277, count), (278, height), (279, pixels.nbytes),
    ]  # fmt: skip
    entries = b"".join(
        struct.pack("<HHII", tag, 3, count if tag == 258 else 1, value) for tag, value in tags
    )
    start = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    return start + struct.pack("<3H", 16, 16, 16) + pixels.tobytes()


def test_16_bits_are_read_whole_or_refused(tmp_path):
    (tmp_path / "grey.png").write_bytes(png_of_16_bits(0, LABELS))
    assert masks_of(tmp_path, "grey") == ONE_AND_SEVEN
    (tmp_path / "colour.png").write_bytes(png_of_16_bits(2, LABELS, LABELS, LABELS))
    (tmp_path / "alpha.png").write_bytes(png_of_16_bits(4, LABELS, LABELS + 65000))
    (tmp_path / "colour_tiff.tif").write_bytes(tiff_of_16_bits(LABELS, LABELS, LABELS))
    for view in ("colour", "alpha", "colour_tiff"):
        with pytest.raises(BadInput, match="Save it as grey with 16 bits"):
            LabelImages(tmp_path).read(view)


def test_levels_add_up_and_no_mask_comes_twice(tmp_path):
    write(tmp_path / "left/frame.04.png", LABELS)
    write(tmp_path / "level_parts/left/frame.04.png", np.where(LABELS == 7, 3, 0))
    write(tmp_path / "level whole/left/frame.04.png", LABELS > 0)
    write(tmp_path / "level whole/b.png", LABELS)
    masks = LabelImages(tmp_path)
    assert masks_of(tmp_path, "left/frame.04.JPG") == ONE_AND_SEVEN | as_masks(LABELS > 0)
    assert masks.views() == ["b", "left/frame.04"]
    assert masks.read("c.png") is None
    assert LabelImages(tmp_path / "left").read("../level whole/b") is None  # leads out


def test_an_image_of_nothing_has_no_masks(tmp_path):
    write(tmp_path / "a.png", LABELS * 0)
    masks = LabelImages(tmp_path).read("a")
    assert len(masks) == 0 and (masks.height, masks.width) == LABELS.shape


def test_what_are_no_labels_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    write(tmp_path / "photo.png", noise, "RGB")
    write(tmp_path / "float.tif", LABELS / 2, "F")
    (tmp_path / "broken.png").write_bytes(b"no png")
    write(tmp_path / "sizes.png", LABELS)
    write(tmp_path / "level_2/sizes.png", LABELS[:, :5])
    for view, words in {
        "photo": "picture",
        "float": "whole numbers",
        "broken": "cannot be read",
        "sizes": "size",
    }.items():
        with pytest.raises(BadInput, match=words):
            LabelImages(tmp_path).read(view)


def test_the_kind_of_a_folder_is_told_by_its_files(tmp_path):
    assert isinstance(open_masks(tmp_path / "missing"), MaskStore)
    write(tmp_path / "labels/a.png", LABELS)
    assert isinstance(open_masks(tmp_path / "labels"), LabelImages)
    store = MaskStore(tmp_path / "labels")
    store.write("b", ViewMasks.pack(np.ones((1, 2, 2), bool), np.ones(1)))
    assert isinstance(open_masks(tmp_path / "labels"), MaskStore)


def test_label_images_train_a_scene(tmp_path):
    """Three views of a row of squares, each square with its number in all of them."""
    grid = np.stack(np.meshgrid(np.arange(30), np.arange(10), [0.0]), -1).reshape(-1, 3) * 0.1
    ones = np.ones((len(grid), 4), np.float32)
    quats, scales = ones * [1, 0, 0, 0], ones[:, :3] * [-2.8, -2.8, -4]
    write_ply(
        tmp_path / "row.ply",
        GaussianCloud(grid.astype(np.float32), quats, scales, ones[:, 0] * 4, ones[:, None, :3]),
    )
    entries = []
    for index, x in enumerate((1.3, 1.45, 1.6)):
        world_to_camera = np.eye(4)
        world_to_camera[:3, 3] = [-x, -0.45, 3]
        camera = Camera(f"{index}.jpg", 80, 60, 60, 60, 40, 30, world_to_camera)
        entries.append(camera_entry(index, camera))
        rows, columns = np.mgrid[:60, :80]
        at = camera.unproject(np.column_stack([columns.ravel(), rows.ravel()]), np.full(4800, 3.0))
        inside = (at[:, :2] > [-0.05, -0.05]).all(axis=1) & (at[:, :2] < [2.95, 0.95]).all(axis=1)
        labels = np.where(inside, np.floor(at[:, 0] + 1.05), 0).reshape(60, 80)
        write(tmp_path / f"labels/{index}.png", labels)
    (tmp_path / "cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    message = Train(str(tmp_path / "row.ply"), masks=str(tmp_path / "labels"), steps=20)
    trained = Engine("cpu").handle(message)
    assert (trained.views, trained.masks) == (3, 9)
    with pytest.raises(BadInput, match="label images"):
        Engine("cpu").handle(replace(message, sam_checkpoint="sam.pt"))
    with Image.open(tmp_path / "labels/1.png") as file:
        portrait = np.asarray(file).T
    write(tmp_path / "labels/1.png", portrait)
    with pytest.raises(BadInput, match="upright"):
        Engine("cpu").handle(message)
