"""Panoramas of a COLMAP model, cut into the faces of a cube."""

import numpy as np
from PIL import Image

from backend.cameras.colmap import read_colmap
from backend.cameras.photographs import load_photograph

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
    x, y = 540.96655294, 28.00973922
    rows, columns = np.mgrid[:400, :800] + 0.5
    dot = 255 * np.exp(-((columns - x) ** 2 / 25 + (rows - y) ** 2) / 8)
    (tmp_path / "images").mkdir()
    Image.fromarray(np.repeat(dot[..., None], 3, axis=2).astype(np.uint8)).save(
        tmp_path / "images/a.png"
    )
    up = next(c for c in read_colmap(tmp_path, tmp_path / "images") if c.name == "a/up.png")
    found = np.argmax(load_photograph(up)[..., 0])
    in_camera = up.world_to_camera[:3, :3] @ [0.2, -1, 0.1]
    column, row = (up.K @ in_camera)[:2] / in_camera[2]
    assert abs(found % 200 + 0.5 - column) <= 1 and abs(found // 200 + 0.5 - row) <= 1
