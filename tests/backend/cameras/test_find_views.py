"""cameras.json, and finding the views and photographs beside a scene."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.cameras.camera import Camera
from backend.cameras.cameras_json import read_cameras_json
from backend.cameras.colmap import read_colmap
from backend.cameras.discover import find_views
from backend.cameras.photographs import image_size, load_photograph
from backend.errors import BadInput

SCENES = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes"

ENTRY = {
    "id": 0,
    "img_name": "b",
    "width": 40,
    "height": 30,
    "position": [1, 2, 3],
    "rotation": [[0, 0, 1], [1, 0, 0], [0, 1, 0]],  # camera z looks along world x
    "fx": 20,
    "fy": 21,
}


def write_json(folder, *entries):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder / "cameras.json"


def write_colmap_text(folder, name):
    folder.mkdir(parents=True)
    (folder / "cameras.txt").write_text("1 SIMPLE_PINHOLE 40 30 20 20 15", encoding="utf-8")
    (folder / "images.txt").write_text(f"1 1 0 0 0 0 0 0 1 {name}\n\n", encoding="utf-8")


def test_cameras_json_gives_centre_and_axes(tmp_path):
    (camera,) = read_cameras_json(write_json(tmp_path, ENTRY))
    assert (camera.cx, camera.cy, camera.fx, camera.fy) == (20, 15, 20, 21)
    np.testing.assert_allclose(camera.position, [1, 2, 3], atol=1e-12)
    ahead = camera.unproject(np.array([[19.5, 14.5]]), np.array([2.0]))
    np.testing.assert_allclose(ahead, [[3, 2, 3]], atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[1]",
        "[{}]",
        "[" * 100_000,
        json.dumps([ENTRY])[:-9],
        json.dumps([ENTRY | {"width": 10**400}]),
        json.dumps([ENTRY, ENTRY]),
        json.dumps([ENTRY | {"rotation": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}]),
        json.dumps([ENTRY | {"rotation": [[1, 0, 0], [0, 1, 0], [0, 0, -1]]}]),
        json.dumps([ENTRY | {"position": [float("nan"), 0, 0]}]),
        json.dumps([ENTRY | {"position": [1, 2]}]),
        json.dumps([ENTRY | {"width": 10**12}]),
        json.dumps([ENTRY | {"fx": 0}]),
        json.dumps([ENTRY | {"img_name": "a\0b"}]),
    ],
)
def test_broken_cameras_json_is_bad_input(tmp_path, text):
    (tmp_path / "cameras.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"cameras\.json"):
        read_cameras_json(tmp_path / "cameras.json")


@pytest.mark.parametrize("scene", ["kitchen", "plush", "fox"])
def test_cameras_json_equals_colmap_on_real_scenes(scene):
    folder = SCENES / scene
    if not folder.is_dir():
        pytest.skip(f"real scene {scene} is not here")
    from_json = read_cameras_json(folder / "cameras.json", folder / "images")
    from_colmap = read_colmap(folder / "sparse" / "0", folder / "images")
    for a, b in zip(from_json, from_colmap, strict=True):
        assert (a.name, a.width, a.height, a.image_path) == (
            b.name,
            b.width,
            b.height,
            b.image_path,
        )
        np.testing.assert_allclose(a.world_to_camera, b.world_to_camera, atol=1e-6)
        np.testing.assert_allclose(a.K, b.K, atol=1e-6)


def test_views_that_would_share_their_masks_are_refused(tmp_path):
    path = write_json(tmp_path, *({**ENTRY, "img_name": name} for name in ("a.jpg", "a.png")))
    with pytest.raises(BadInput, match="2 views are named a, leaving out extensions"):
        read_cameras_json(path)
    names = ["a.jpg", "b/a.png", "a.0001", "a.0002.jpg"]
    path = write_json(tmp_path, *({**ENTRY, "img_name": name} for name in names))
    assert len(read_cameras_json(path)) == 4


def test_photographs_are_found_despite_case_and_extension(tmp_path):
    names = ["exact.png", "Sub/Upper.JPG", "dotted.0001", "no-photo.jpg"]
    write_json(tmp_path, *({**ENTRY, "img_name": name} for name in names))
    for path in ("exact.png", "exact.jpg", "sub/upper.png", "dotted.0001.jpeg", "no-photo.txt"):
        (tmp_path / "images" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / path).touch()
    found = {view.name: view.image_path for view in find_views(tmp_path / "scene.ply")}
    images = tmp_path / "images"
    assert list(found) == sorted(names)
    assert found["exact.png"] == images / "exact.png"
    assert found["Sub/Upper.JPG"] == images / "sub/upper.png"
    assert found["dotted.0001"] == images / "dotted.0001.jpeg"
    assert found["no-photo.jpg"] is None


@pytest.mark.parametrize("model", ["sparse/0", "sparse", "colmap/sparse/0"])
def test_colmap_beside_the_scene_comes_before_cameras_json(tmp_path, model):
    write_colmap_text(tmp_path / model, "from colmap.jpg")
    write_json(tmp_path, ENTRY)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "from colmap.jpg").touch()
    scene = tmp_path / "scene.ply"
    for views in ("", str(tmp_path), str(tmp_path / model), str(tmp_path / model / "images.txt")):
        (view,) = find_views(scene, views)
        assert view.image_path == tmp_path / "images" / "from colmap.jpg"
    assert find_views(scene, str(tmp_path / "cameras.json"))[0].name == "b"


def test_trainer_output_folder(tmp_path):
    write_json(tmp_path, ENTRY)
    scene = tmp_path / "point_cloud" / "iteration_30000" / "point_cloud.ply"
    scene.parent.mkdir(parents=True)
    assert find_views(scene)[0].name == "b"
    with pytest.raises(BadInput, match=r"sparse/0"):
        find_views(tmp_path / "a" / "b" / "point_cloud.ply")


def test_photograph_is_rgb_and_turned_to_the_format_of_the_camera(tmp_path):
    red_over_blue = np.zeros((20, 10, 3), np.uint8)
    red_over_blue[:10, :, 0] = red_over_blue[10:, :, 2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn clockwise by 90 degrees to see it upright
    path = tmp_path / "lying.png"
    Image.fromarray(np.rot90(red_over_blue)).save(path, exif=exif)
    red, blue = [255, 0, 0], [0, 0, 255]
    upright = load_photograph(Camera("lying.png", 5, 10, 1, 1, 2.5, 5, np.eye(4), path))
    assert upright.shape == (10, 5, 3) and upright.dtype == np.uint8
    assert (upright[0] == red).all() and (upright[-1] == blue).all()
    stored = load_photograph(Camera("lying.png", 20, 10, 1, 1, 10, 5, np.eye(4), path))
    assert (stored[:, :10] == red).all() and (stored[:, 10:] == blue).all()


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_a_photograph_of_16_bit_grey_keeps_its_shades(tmp_path, name):
    Image.fromarray(np.uint16([[0, 0x4080, 0xFFFF]])).save(tmp_path / name)
    camera = Camera(name, 3, 1, 1, 1, 1.5, 0.5, np.eye(4), tmp_path / name)
    assert load_photograph(camera).tolist() == [[[0] * 3, [0x40] * 3, [0xFF] * 3]]


def test_names_that_lead_out_of_the_folder_of_images_find_nothing(tmp_path):
    (tmp_path / "images").mkdir()
    for place in (tmp_path / "secret.png", tmp_path / "images" / "mine.png"):
        place.touch()
    names = ["../secret.png", str(tmp_path / "secret.png"), "x/../mine.png"]
    write_json(tmp_path, *({**ENTRY, "img_name": name} for name in names))
    found = {view.name: view.image_path for view in find_views(tmp_path / "scene.ply")}
    assert [found[name] for name in names[:2]] == [None, None]


def test_a_picture_of_a_format_that_runs_programs_is_not_decoded(tmp_path):
    path = tmp_path / "postscript.png"  # which Pillow hands to Ghostscript
    Image.new("RGB", (4, 4)).save(path, "EPS")
    with pytest.raises(BadInput, match="cannot identify"):
        image_size(path)


def test_broken_photograph_is_named(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    with pytest.raises(BadInput, match=r"broken\.jpg"):
        load_photograph(Camera("broken.jpg", 5, 10, 1, 1, 2.5, 5, np.eye(4), path))
