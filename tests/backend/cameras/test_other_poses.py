"""transforms.json and poses_bounds.npy: a known point falls on a known pixel."""

import json
import os
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from backend.cameras.discover import find_views
from backend.cameras.llff import read_poses_bounds
from backend.cameras.transforms_json import read_transforms_json
from backend.errors import BadInput

TURN = Rotation.from_euler("xyz", [20, -35, 70], degrees=True).as_matrix()
CENTRE = np.array([1.0, -2.0, 0.5])
RIGHT, UP, BACK = TURN.T  # the camera's axes in the world
# Four ahead, one to the right and half of one up: known without any camera code.
POINT = CENTRE - 4 * BACK + 1 * RIGHT + 0.5 * UP
POSE = np.vstack([np.column_stack([RIGHT, UP, BACK, CENTRE]), [0, 0, 0, 1]])
SHARED = {"fl_x": 40.0, "fl_y": 48.0, "cx": 33.0, "cy": 21.0, "w": 64, "h": 48}


def projected(camera, point):
    x, y, z = camera.world_to_camera[:3, :3] @ point + camera.world_to_camera[:3, 3]
    return camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def image(path, size=(64, 48)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)


def frame(file_path, **values):
    return {"file_path": file_path, "transform_matrix": POSE.tolist(), **values}


def test_transforms_json_projects(tmp_path):
    frames = [frame("./images/b c.jpg"), frame("images/a.ö.jpg", fl_x=80.0)]
    a, b = read_transforms_json(write(tmp_path / "transforms.json", SHARED | {"frames": frames}))
    assert (a.name, b.name) == ("a.ö.jpg", "b c.jpg")
    np.testing.assert_allclose(projected(b, POINT), (33 + 40 / 4, 21 - 48 * 0.5 / 4))
    np.testing.assert_allclose(projected(a, POINT), (33 + 80 / 4, 21 - 48 * 0.5 / 4))
    np.testing.assert_allclose(a.position, CENTRE)


def test_synthetic_nerf_gives_an_angle_and_leaves_size_and_extension_out(tmp_path):
    image(tmp_path / "train/r_0.png", (60, 40))
    content = {"camera_angle_x": np.pi / 2, "frames": [frame("./train/r_0")]}
    (camera,) = find_views(write(tmp_path / "transforms_train.json", content).with_name("a.ply"))
    assert (camera.width, camera.height, camera.name) == (60, 40, "train/r_0")
    assert camera.image_path == tmp_path / "train/r_0.png"
    np.testing.assert_allclose(projected(camera, POINT), (30 + 30 / 4, 20 - 30 * 0.5 / 4))


def test_nerfstudio_splats_are_in_the_frame_that_it_trained_in(tmp_path):
    turn = Rotation.from_euler("zx", [50, 10], degrees=True).as_matrix()
    shift, scale = np.array([3.0, 1, -1]), 0.25
    transform = np.column_stack([turn, shift]).tolist()
    write(tmp_path / "dataparser_transforms.json", {"transform": transform, "scale": scale})
    write(tmp_path / "transforms.json", SHARED | {"frames": [frame("images/a.png")]})
    (tmp_path / "colmap/sparse/0").mkdir(parents=True)  # in another frame: not to be taken
    for name in ("images.txt", "cameras.txt"):
        (tmp_path / "colmap/sparse/0" / name).touch()
    image(tmp_path / "images/a.png")
    (camera,) = find_views(tmp_path / "splat.ply")
    moved = (turn @ POINT + shift) * scale
    np.testing.assert_allclose(projected(camera, moved), (33 + 40 / 4, 21 - 48 * 0.5 / 4))
    assert camera.image_path == tmp_path / "images/a.png"


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"frames": [1]},
        {"frames": []},
        {"frames": [{"file_path": "a.png"}]},
        SHARED | {"frames": [{"file_path": "a.png", "transform_matrix": [[1, 2]]}]},
        SHARED | {"frames": [frame("a.png", fl_x=float("nan"))]},
        SHARED | {"camera_model": "FISHEYE624", "frames": [frame("a.png")]},
        SHARED | {"frames": [frame("a.png"), frame("./a.png")]},
        {"fl_x": 3, "frames": [frame("a.png")]},  # neither a size nor an image
        SHARED | {"frames": [frame("a.png", k1=None)]},
        SHARED | {"frames": [frame("a.png", p2=10**400)]},
    ],
)
def test_broken_transforms_json_is_bad_input(tmp_path, content):
    with pytest.raises(BadInput, match=r"transforms\.json"):
        read_transforms_json(write(tmp_path / "transforms.json", content))


@pytest.mark.parametrize("scale", [None, 10**400, float("nan")])
def test_a_broken_change_of_frame_is_bad_input(tmp_path, scale):
    content = {"transform": POSE.tolist(), "scale": scale}
    write(tmp_path / "dataparser_transforms.json", content)
    path = write(tmp_path / "transforms.json", SHARED | {"frames": [frame("a.png")]})
    with pytest.raises(BadInput, match=r"transforms\.json"):
        read_transforms_json(path)


@pytest.mark.parametrize("shared", [SHARED, {"fl_x": 40.0}])
@pytest.mark.parametrize("name", ["i" * 5000 + ".png", "a\ud800.png", "a\0.png", "/"])
def test_a_name_that_no_file_can_have_is_bad_input(tmp_path, shared, name):
    path = write(tmp_path / "transforms.json", shared | {"frames": [frame(name)]})
    with pytest.raises(BadInput, match=r"transforms\.json"):
        read_transforms_json(path)


def test_photographs_on_another_computer_are_not_looked_for(tmp_path, monkeypatch):
    path = write(tmp_path / "transforms.json", SHARED | {"frames": [frame(r"\\host\x.png")]})
    monkeypatch.setattr(os.path, "isfile", lambda place: "host" in str(place))
    (camera,) = read_transforms_json(path)
    assert camera.image_path is None


def llff_rows(count):
    pose = np.column_stack([-UP, RIGHT, BACK, CENTRE, [48, 64, 40]])
    return np.tile(np.append(pose.ravel(), [1, 9]), (count, 1))


def test_poses_bounds_projects_and_takes_names_from_the_images(tmp_path):
    np.save(tmp_path / "poses_bounds.npy", llff_rows(2))
    for name in ("IMG_2.png", "IMG_1.png"):
        image(tmp_path / "images" / name, (32, 24))
    first, second = find_views(tmp_path / "scene.ply")
    assert (first.name, second.name) == ("IMG_1.png", "IMG_2.png")
    assert (first.width, first.height) == (64, 48) and first.image_path is not None
    np.testing.assert_allclose(projected(first, POINT), (32 + 40 / 4, 24 - 40 * 0.5 / 4))
    image(tmp_path / "images/IMG_3.png")
    with pytest.raises(BadInput, match="2 poses for 3 images"):
        find_views(tmp_path / "scene.ply")


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (268435456, 17)}",  # 36 GB
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 17)}",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 17)}",
        b"(" * 3000,
        b"{'",
    ],
)
def test_a_lying_poses_bounds_costs_no_memory(tmp_path, header):
    data = np.lib.format.magic(1, 0) + struct.pack("<H", len(header)) + header
    (tmp_path / "poses_bounds.npy").write_bytes(data + llff_rows(1).tobytes())
    tracemalloc.start()
    with pytest.raises(BadInput, match="is not a poses_bounds"):
        read_poses_bounds(tmp_path / "poses_bounds.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("rows", [np.zeros((2, 5)), llff_rows(1) * np.nan, llff_rows(1) * 2])
def test_broken_poses_bounds_is_bad_input(tmp_path, rows):
    np.save(tmp_path / "poses_bounds.npy", rows)
    with pytest.raises(BadInput, match=r"poses_bounds\.npy"):
        read_poses_bounds(tmp_path / "poses_bounds.npy")
