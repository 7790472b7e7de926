"""Panoramas of a COLMAP model or of nerfstudio, cut into the faces of a cube."""

import json

import numpy as np
import pytest
from PIL import Image

from backend.cameras.colmap import read_colmap
from backend.cameras.photographs import load_photograph
from backend.cameras.transforms_json import read_transforms_json

WIDTH, HEIGHT = 400, 200
HALF = 0.5**0.5


def sky(world_to_panorama):
    """A panorama whose colours are the directions in the world that its pixels show."""
    longitude = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5) * 2 * np.pi
    latitude = (((np.arange(HEIGHT) + 0.5) / HEIGHT - 0.5) * np.pi)[:, None]
    x, z = np.cos(latitude) * np.sin(longitude), np.cos(latitude) * np.cos(longitude)
    y = np.broadcast_to(np.sin(latitude), x.shape)
    return colors(np.stack([x, y, z], axis=-1) @ world_to_panorama)


def write_model(folder, size, name, pose):
    """A COLMAP model of one panorama."""
    width, height = size
    (folder / "cameras.txt").write_text(
        f"1 EQUIRECTANGULAR {width} {height} {width}.0 {height}.0", encoding="utf-8"
    )
    (folder / "images.txt").write_text(f"1 {pose} 1 {name}\n\n", encoding="utf-8")


def colors(directions):
    return (directions * 127 + 128.5).astype(np.uint8)


def test_each_face_shows_what_its_camera_looks_at(tmp_path):
    quarter_turn_about_z = f"{HALF} 0 0 {HALF}"
    write_model(tmp_path, (WIDTH, HEIGHT), "Küche/all.jpg", f"{quarter_turn_about_z} 1 2 3")
    (tmp_path / "images/Küche").mkdir(parents=True)
    rotation = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    Image.fromarray(sky(rotation)).save(tmp_path / "images/Küche/all.png")
    faces = read_colmap(tmp_path, tmp_path / "images")
    names = {f"Küche/all/{name}.png" for name in ("front", "right", "back", "left", "up", "down")}
    assert {face.name for face in faces} == names
    rows, columns = np.mgrid[:100, :100]
    pixels = np.column_stack([columns.ravel(), rows.ravel()])
    for face in faces:
        assert (face.width, face.height) == (100, 100)
        np.testing.assert_allclose(face.position, [-2, 1, -3], atol=1e-12)
        rays = face.unproject(pixels, np.ones(len(pixels))) - face.position
        wanted = colors(rays / np.linalg.norm(rays, axis=1, keepdims=True))
        shown = load_photograph(face).reshape(-1, 3)
        assert (
            np.abs(shown.astype(int) - wanted).max() <= 4
        )  # the panorama's pixels are 0.9 degrees


def test_panoramas_are_cut_by_colmaps_projection(tmp_path):
    """Expected is what pycolmap 4.2.1 gives: img_from_cam of (0.2, -1, 0.1), 800 x 400 pixels."""
    write_model(tmp_path, (800, 400), "a.png", "1 0 0 0 0 0 0")
    (tmp_path / "images").mkdir()
    write_dot(tmp_path / "images/a.png", 540.96655294, 28.00973922)
    faces = read_colmap(tmp_path, tmp_path / "images")
    assert_face_shows_dot(faces, "a/up.png", [0.2, -1, 0.1])


@pytest.mark.parametrize(
    "face, right, up, back, x, y",
    [  # longitudes 14.036 and 180 - 14.036 degrees, latitudes of 6.915 degrees
        ("front", 1, 0.5, -4, 431.191, 184.634),
        ("back", 1, -0.5, 4, 768.809, 215.366),
        ("left", -1, 0, 0, 200.0, 200.0),
    ],
)
def test_panoramas_of_nerfstudio_look_along_its_own_axes(tmp_path, face, right, up, back, x, y):
    write_dot(tmp_path / "all around.png", x, y)
    pose = np.eye(4)  # its x axis points to the right, y up, z back
    pose[:3, :3] = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    pose[:3, 3] = [5, 6, 7]
    frame = {"file_path": "all around.png", "transform_matrix": pose.tolist()}
    content = {"camera_model": "EQUIRECTANGULAR", "w": 800, "h": 400, "frames": [frame]}
    path = tmp_path / "transforms.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    faces = read_transforms_json(path)
    assert len(faces) == 6
    assert_face_shows_dot(faces, f"all around/{face}.png", [5 + back, 6 + right, 7 + up])


def test_a_panorama_is_taken_as_it_is_stored(tmp_path):
    """As any photograph is whose format is the camera's, whatever its EXIF data say."""
    write_model(tmp_path, (WIDTH, HEIGHT), "a.png", "1 0 0 0 0 0 0")
    (tmp_path / "images").mkdir()
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    Image.fromarray(sky(np.eye(3))).save(tmp_path / "images/a.png", exif=upside_down)
    faces = read_colmap(tmp_path, tmp_path / "images")
    up = next(face for face in faces if face.name == "a/up.png")
    np.testing.assert_allclose(load_photograph(up)[50, 50], [128, 1, 128], atol=4)


def write_dot(path, x, y):
    """A panorama of 800 x 400 pixels, black but for a soft dot."""
    rows, columns = np.mgrid[:400, :800] + 0.5
    dot = 255 * np.exp(-((columns - x) ** 2 / 25 + (rows - y) ** 2) / 8)
    Image.fromarray(np.repeat(dot[..., None], 3, axis=2).astype(np.uint8)).save(path)


def assert_face_shows_dot(faces, name, point):
    face = next(face for face in faces if face.name == name)
    found = np.argmax(load_photograph(face)[..., 0])
    column, row = face.project(point)
    assert abs(found % 200 + 0.5 - column) <= 1 and abs(found // 200 + 0.5 - row) <= 1
