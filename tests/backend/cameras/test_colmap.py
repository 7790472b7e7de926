"""COLMAP models written here and the real ones."""

import struct
from pathlib import Path

import numpy as np
import pytest

from backend.cameras.colmap import read_colmap
from backend.cameras.lens import EnhancedUnified, Fisheye, Perspective
from backend.errors import BadInput

SCENES = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes"
MODEL_IDS = {
    "SIMPLE_PINHOLE": 0,
    "PINHOLE": 1,
    "SIMPLE_RADIAL": 2,
    "OPENCV_FISHEYE": 5,
    "RAD_TAN_THIN_PRISM_FISHEYE": 11,
    "EUCM": 16,
    "EQUIRECTANGULAR": 17,
}

CAMERAS = {
    1: ("PINHOLE", 640, 480, (500.0, 510.0, 320.0, 240.0)),
    7: ("SIMPLE_PINHOLE", 100, 50, (80.0, 49.5, 25.0)),
}
HALF = 0.5**0.5
IMAGES = [  # name, camera, quaternion wxyz, translation, number of 2D points
    ("zoe/a b.v2.jpg", 7, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0),
    ("Küche/0001.jpg", 1, (HALF, 0.0, 0.0, HALF), (1.0, 2.0, 3.0), 3),
]


def write_binary(folder, cameras=CAMERAS, images=IMAGES):
    out = struct.pack("<Q", len(cameras))
    for key, (model, width, height, params) in cameras.items():
        out += struct.pack(f"<IiQQ{len(params)}d", key, MODEL_IDS[model], width, height, *params)
    (folder / "cameras.bin").write_bytes(out)
    out = struct.pack("<Q", len(images))
    for number, (name, camera, quat, translation, points) in enumerate(images, 1):
        out += struct.pack("<I7dI", number, *quat, *translation, camera)
        out += name.encode() + b"\0" + struct.pack("<Q", points) + bytes(24 * points)
    (folder / "images.bin").write_bytes(out)


def write_text(folder, cameras=CAMERAS, images=IMAGES):
    lines = ["# Camera list"]
    for key, (model, width, height, params) in cameras.items():
        lines.append(f"{key} {model} {width} {height} {' '.join(map(repr, params))}")
    (folder / "cameras.txt").write_text("\n".join(lines), encoding="utf-8")
    lines = ["# Image list", "#   two lines each", ""]
    for number, (name, camera, quat, translation, points) in enumerate(images, 1):
        lines.append(f"{number} {' '.join(map(repr, quat + translation))} {camera} {name}")
        lines.append(" ".join(["1.5 2.5 -1"] * points))
    (folder / "images.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("write", [write_binary, write_text])
@pytest.mark.parametrize("place", [".", "sparse/0", "sparse"])
def test_reads_every_view_with_its_own_camera(tmp_path, write, place):
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    write(tmp_path / place)
    turned, plain = read_colmap(tmp_path)
    assert (turned.name, plain.name) == ("Küche/0001.jpg", "zoe/a b.v2.jpg")
    assert (turned.width, turned.height) == (640, 480)
    assert (turned.fx, turned.fy, turned.cx, turned.cy) == (500, 510, 320, 240)
    assert (plain.width, plain.height) == (100, 50)
    assert (plain.fx, plain.fy, plain.cx, plain.cy) == (80, 80, 49.5, 25)
    assert np.array_equal(plain.world_to_camera, np.eye(4))
    # A quarter turn about z takes world x to camera y and world y to camera -x.
    by_hand = [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]
    np.testing.assert_allclose(turned.world_to_camera, by_hand, atol=1e-12)
    np.testing.assert_allclose(turned.position, [-2, 1, -3], atol=1e-12)


@pytest.mark.parametrize("write", [write_binary, write_text])
def test_distortion_is_read_or_refused_by_name(tmp_path, write):
    radial = ("SIMPLE_RADIAL", 64, 48, (50.0, 32.0, 24.0, 0.01))
    fisheye = ("OPENCV_FISHEYE", 64, 48, (50.0, 51.0, 32.0, 24.0, 0.1, 0.2, 0.3, 0.4))
    write(tmp_path, {1: radial, 7: fisheye})
    one, other = read_colmap(tmp_path)
    assert (one.fx, one.fy, one.lens) == (50, 50, Perspective((0.01,)))
    assert (other.fx, other.fy, other.lens) == (50, 51, Fisheye((0.1, 0.2, 0.3, 0.4)))
    prisms = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3)
    pinhole = (50.0, 51.0, 32.0, 24.0)
    write(
        tmp_path,
        {
            1: ("EUCM", 64, 48, (*pinhole, 0.6, 1.1)),
            7: ("RAD_TAN_THIN_PRISM_FISHEYE", 64, 48, (*pinhole, *prisms)),
        },
    )
    assert [camera.lens for camera in read_colmap(tmp_path)] == [
        EnhancedUnified(0.6, 1.1),
        Fisheye(prisms[:6], (0.8, 0.7), (0.9, 1.1), (1.2, 1.3), radial_first=True),
    ]
    write(tmp_path, {1: ("EQUIRECTANGULAR", 64, 32, (64.0, 32.0)), 7: CAMERAS[7]})
    assert len(read_colmap(tmp_path)) == 6 + 1


def test_unknown_models_are_refused_by_name(tmp_path):
    write_text(tmp_path, {1: ("KALEIDOSCOPE", 64, 48, (50.0, 32.0, 24.0)), 7: CAMERAS[7]})
    with pytest.raises(BadInput, match=r"KALEIDOSCOPE.*image_undistorter"):
        read_colmap(tmp_path)


@pytest.mark.parametrize("stem", ["cameras", "images"])
def test_any_truncation_or_trailing_byte_is_bad_input(tmp_path, stem):
    write_binary(tmp_path)
    path = tmp_path / f"{stem}.bin"
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(BadInput):
            read_colmap(tmp_path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(BadInput):
        read_colmap(tmp_path)


def test_lying_numbers_are_bad_input(tmp_path):
    huge = 2**63
    lies = [
        {"cameras": {1: ("PINHOLE", huge, 480, CAMERAS[1][3]), 7: CAMERAS[7]}},
        {"cameras": {1: ("PINHOLE", 640, 480, (float("nan"), 1.0, 1.0, 1.0)), 7: CAMERAS[7]}},
        {"cameras": {7: CAMERAS[7]}},
        {"images": []},
        {"images": [IMAGES[0], IMAGES[0]]},
        {"images": [("a.jpg", 1, (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0)]},
        {"images": [("a.jpg", 1, (1.0, 0.0, 0.0, 0.0), (float("inf"), 0.0, 0.0), 0)]},
        {"images": [("", 1, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0)]},
    ]
    for lie in lies:
        write_binary(tmp_path, **lie)
        with pytest.raises(BadInput):
            read_colmap(tmp_path)
    for stem in ("cameras", "images"):  # far more records than bytes
        write_binary(tmp_path)
        path = tmp_path / f"{stem}.bin"
        path.write_bytes(struct.pack("<Q", huge) + path.read_bytes()[8:])
        with pytest.raises(BadInput):
            read_colmap(tmp_path)
    write_binary(tmp_path, images=IMAGES[:1])  # a count of 2D points that overflows
    path = tmp_path / "images.bin"
    path.write_bytes(path.read_bytes()[:-8] + struct.pack("<Q", 2**64 - 1))
    with pytest.raises(BadInput):
        read_colmap(tmp_path)


@pytest.mark.parametrize(
    "images",
    [
        "1 1 0 0 0 0 0 0 1",  # no name
        "1 one 0 0 0 0 0 0 1 a.jpg",
        "1 1 0 0 0 0 0 0 1 a.jpg\n2 1 0 0 0 0 0 0 1 b.jpg",  # lines of points left out
    ],
)
def test_broken_text_names_the_line(tmp_path, images):
    write_text(tmp_path)
    (tmp_path / "images.txt").write_text(images, encoding="utf-8")
    with pytest.raises(BadInput, match=r"images\.txt.*line \d"):
        read_colmap(tmp_path)


def test_non_utf8_names_are_bad_input(tmp_path):
    write_binary(tmp_path)
    path = tmp_path / "images.bin"
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xfc\xfc"))
    with pytest.raises(BadInput, match="UTF-8"):
        read_colmap(tmp_path)


@pytest.mark.parametrize("scene, count", [("kitchen", 25), ("plush", 84), ("fox", 50)])
def test_real_scenes_reproject_their_sparse_points(scene, count):
    folder = SCENES / scene
    if not folder.is_dir():
        pytest.skip(f"real scene {scene} is not here")
    cameras = read_colmap(folder, folder / "images")
    assert len(cameras) == count and all(camera.image_path for camera in cameras)
    points = real_points(folder / "sparse/0/points3D.bin")
    observations = real_observations(folder / "sparse/0/images.bin")
    for camera in cameras:
        seen = observations[camera.name]
        world = np.array([points[key] for key in seen["point"]])
        errors = camera.project(world) - np.column_stack([seen["x"], seen["y"]])
        assert len(errors) > 50 and np.median(np.hypot(*errors.T)) < 1.5
        assert np.abs(np.median(errors, axis=0)).max() < 0.25  # pixel centres are at +0.5


def real_points(path):
    """Point id -> [3] of a sound points3D.bin."""
    data, points, at = path.read_bytes(), {}, 8
    while at < len(data):
        key, *xyz = struct.unpack_from("<Q3d", data, at)
        (track,) = struct.unpack_from("<Q", data, at + 43)
        points[key] = xyz
        at += 51 + 8 * track
    return points


def real_observations(path):
    """Image name -> the 2D points that have a 3D point, of a sound images.bin."""
    data, observations, at = path.read_bytes(), {}, 8
    layout = np.dtype([("x", "<f8"), ("y", "<f8"), ("point", "<i8")])
    while at < len(data):
        end = data.index(b"\0", at + 64)
        (count,) = struct.unpack_from("<Q", data, end + 1)
        seen = np.frombuffer(data, layout, count, end + 9)
        observations[data[at + 64 : end].decode()] = seen[seen["point"] >= 0]
        at = end + 9 + count * layout.itemsize
    return observations
