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
    np.testing.assert_allclose(b.project(POINT), (33 + 40 / 4, 21 - 48 * 0.5 / 4))
    np.testing.assert_allclose(a.project(POINT), (33 + 80 / 4, 21 - 48 * 0.5 / 4))
    np.testing.assert_allclose(a.position, CENTRE)


def test_a_rig_has_a_folder_of_images_for_each_of_its_cameras(tmp_path):
    image(tmp_path / "cam1/images/0.png")
    frames = [frame("cam1/images/0.png"), frame("cam2/images/0.jpg"), frame("cam2/images/1.jpg")]
    path = write(tmp_path / "transforms.json", SHARED | {"frames": frames})
    views = read_transforms_json(path)
    assert [view.name for view in views] == [each["file_path"] for each in frames]
    assert views[0].image_path == tmp_path / "cam1/images/0.png"
    write(path, SHARED | {"frames": frames[1:]})
    assert [view.name for view in read_transforms_json(path)] == ["0.jpg", "1.jpg"]


def test_synthetic_nerf_gives_an_angle_and_leaves_size_and_extension_out(tmp_path):
    image(tmp_path / "train/r_0.png", (60, 40))
    content = {"camera_angle_x": np.pi / 2, "frames": [frame("./train/r_0")]}
    (camera,) = find_views(write(tmp_path / "transforms_train.json", content).with_name("a.ply"))
    assert (camera.width, camera.height, camera.name) == (60, 40, "train/r_0")
    assert camera.image_path == tmp_path / "train/r_0.png"
    np.testing.assert_allclose(camera.project(POINT), (30 + 30 / 4, 20 - 30 * 0.5 / 4))


TRAINED = np.column_stack(  # what nerfstudio's orienting and centring come to
    [Rotation.from_euler("zx", [50, 10], degrees=True).as_matrix(), [3.0, 1, -1]]
)
SIZED = 0.25  # its scaling after that
SINCE_2023 = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
BEFORE = np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]])
SHIFTED = np.column_stack([SINCE_2023[:, :3], [1, 2, 3, 1]])


def said(applied, scale):
    return {"applied_transform": applied[:3].tolist(), "applied_scale": scale}


@pytest.mark.parametrize(
    "processed, colmap, applied, applied_scale",
    [
        ({}, False, np.eye(4), 1),
        (said(SINCE_2023, 1), True, SINCE_2023, 1),
        (said(SHIFTED, 4), False, SHIFTED, 4),
        ({}, True, BEFORE, 1),  # taken for granted where the poses are COLMAP's
    ],
)
def test_nerfstudio_splats_are_in_the_frame_that_it_trained_in(
    tmp_path, processed, colmap, applied, applied_scale
):
    """It moves and scales the poses as they are; what it saves starts from before `applied`."""
    if colmap:
        write_colmap(tmp_path / "colmap/sparse/0")
    saved = {"transform": (TRAINED @ applied).tolist(), "scale": SIZED * applied_scale}
    write(tmp_path / "dataparser_transforms.json", saved)
    frames = {"frames": [frame("images/a.png")]}
    write(tmp_path / "transforms.json", SHARED | processed | frames)
    image(tmp_path / "images/a.png")
    (camera,) = find_views(tmp_path / "splat.ply")
    moved = TRAINED @ [*POINT, 1] * SIZED
    np.testing.assert_allclose(camera.project(moved), (33 + 40 / 4, 21 - 48 * 0.5 / 4))
    assert camera.image_path == tmp_path / "images/a.png"


def write_colmap(folder):
    """The same camera as a model of COLMAP."""
    folder.mkdir(parents=True)
    (folder / "cameras.txt").write_text("1 PINHOLE 64 48 40 48 33 21", encoding="utf-8")
    turn = np.array([RIGHT, -UP, -BACK])
    pose = [*Rotation.from_matrix(turn).as_quat(scalar_first=True), *(-turn @ CENTRE)]
    line = f"1 {' '.join(map(str, pose))} 1 a.png\n\n"
    (folder / "images.txt").write_text(line, encoding="utf-8")


@pytest.mark.parametrize(
    "splat, views, place",
    [
        ("scan/splat.ply", "", "scan"),
        ("splat.ply", "scan", "scan"),
        ("splat.ply", "scan/sparse/0", "scan"),
        ("splat.ply", "scan/sparse/0", "."),
    ],
)
def test_splats_that_nerfstudio_trained_on_colmap_are_in_its_frame_too(
    tmp_path, splat, views, place
):
    write_colmap(tmp_path / "scan/sparse/0")
    # Its reader turns COLMAP's world before it trains, and says so in what it saves.
    saved = {"transform": (TRAINED @ SINCE_2023).tolist(), "scale": SIZED}
    write(tmp_path / place / "dataparser_transforms.json", saved)
    (camera,) = find_views(tmp_path / splat, views and str(tmp_path / views))
    moved = TRAINED @ SINCE_2023 @ [*POINT, 1] * SIZED
    np.testing.assert_allclose(camera.project(moved), (33 + 40 / 4, 21 - 48 * 0.5 / 4))


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


@pytest.mark.parametrize(
    "lie",
    [
        {"scale": None},
        {"scale": 10**400},
        {"scale": float("nan")},
        {"scale": 0},
        {"transform": POSE[:2].tolist()},
        {"transform": (POSE * 2).tolist()},
        {"transform": (POSE * [1, -1, 1, 1]).tolist()},  # a mirror
    ],
)
def test_a_broken_change_of_frame_is_bad_input(tmp_path, lie):
    path = tmp_path / "dataparser_transforms.json"
    write(path, {"transform": POSE.tolist(), "scale": 1} | lie)
    write(tmp_path / "transforms.json", SHARED | {"frames": [frame("a.png")]})
    with pytest.raises(BadInput, match=r"dataparser_transforms\.json"):
        find_views(tmp_path / "a.ply")


@pytest.mark.parametrize(
    "lie", [{"applied_transform": 3}, {"applied_transform": [[0] * 4] * 3}, {"applied_scale": 0}]
)
def test_a_broken_processing_is_bad_input(tmp_path, lie):
    write(tmp_path / "dataparser_transforms.json", {"transform": POSE.tolist(), "scale": 1})
    write(tmp_path / "transforms.json", SHARED | lie | {"frames": [frame("a.png")]})
    with pytest.raises(BadInput, match=r"transforms\.json"):
        find_views(tmp_path / "a.ply")


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
    (tmp_path / "images/._IMG_1.png").write_bytes(b"what macOS keeps of IMG_1.png")
    first, second = find_views(tmp_path / "scene.ply")
    assert (first.name, second.name) == ("IMG_1.png", "IMG_2.png")
    assert (first.width, first.height) == (64, 48) and first.image_path is not None
    np.testing.assert_allclose(first.project(POINT), (32 + 40 / 4, 24 - 40 * 0.5 / 4))
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
