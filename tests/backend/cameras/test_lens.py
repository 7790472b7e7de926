"""Lenses against numbers worked out by hand, and photographs taken through them."""

import json
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from backend.cameras import lens as lens_module
from backend.cameras.camera import Camera
from backend.cameras.lens import (
    Division,
    EnhancedUnified,
    FieldOfView,
    Fisheye,
    Panorama,
    Perspective,
    cut_out,
    lens_of_colmap,
    undistort,
)
from backend.cameras.photographs import load_photograph
from backend.cameras.transforms_json import read_transforms_json
from backend.errors import BadInput

POINT = np.array([0.5, -0.25])  # r^2 = 0.3125
R2 = 0.3125


@pytest.mark.parametrize(
    "model, extra, expected",
    [
        ("SIMPLE_RADIAL", (0.1,), POINT * (1 + 0.1 * R2)),
        ("RADIAL", (0.1, -0.2), POINT * (1 + 0.1 * R2 - 0.2 * R2**2)),
        # 2 p1 x y + p2 (r^2 + 2 x^2) = -0.0025 + 0.01625; 2 p2 x y + p1 (r^2 + 2 y^2)
        ("OPENCV", (0, 0, 0.01, 0.02), np.add(POINT, [0.01375, -0.000625])),
        (
            "FULL_OPENCV",
            (0.1, 0, 0, 0, 0.3, 0.2, 0, -0.1),
            POINT * (1 + 0.1 * R2 + 0.3 * R2**3) / (1 + 0.2 * R2 - 0.1 * R2**3),
        ),
    ],
)
def test_perspective_lenses(model, extra, expected):
    np.testing.assert_allclose(lens_of_colmap(model, extra).distort(POINT), expected)


def test_fisheye_lenses():
    at_45_degrees = np.array([[0.0, 1.0], [0.0, 0.0]])
    plain = lens_of_colmap("OPENCV_FISHEYE", (0.0, 0.0, 0.0, 0.0))
    np.testing.assert_allclose(plain.distort(at_45_degrees), [[0, np.pi / 4], [0, 0]])
    bent = lens_of_colmap("RADIAL_FISHEYE", (0.1, 0.2))
    angle = np.pi / 4 * (1 + 0.1 * (np.pi / 4) ** 2 + 0.2 * (np.pi / 4) ** 4)
    np.testing.assert_allclose(bent.distort(at_45_degrees), [[0, angle], [0, 0]])


@pytest.mark.parametrize(
    "model, extra, expected",
    [
        ("SIMPLE_FISHEYE", (), [0.802538, 0.535025]),
        ("FISHEYE", (), [0.802538, 0.535025]),
        ("OPENCV_FISHEYE", (0.1, -0.02, 0.03, -0.01), [0.876682, 0.584454]),
        (
            "THIN_PRISM_FISHEYE",
            (0.1, -0.02, 0.01, 0.02, 0.03, -0.01, 0.004, -0.003),
            [0.93336, 0.613867],
        ),
        (
            "RAD_TAN_THIN_PRISM_FISHEYE",
            (0.1, -0.02, 0.03, -0.01, 0.02, 0.005, 0.01, 0.02, 0.004, -0.003, 0.002, 0.001),
            [0.939572, 0.644824],
        ),
        ("FOV", (0.9,), [0.876695, 0.584464]),
        ("SIMPLE_DIVISION", (-0.2,), [0.911793, 0.607862]),
        ("DIVISION", (-0.2,), [0.911793, 0.607862]),
        ("EUCM", (0.6, 1.1), [0.806468, 0.537645]),
    ],
)
def test_wide_lenses_project_as_colmap_does(model, extra, expected):
    """Expected is what pycolmap 4.2.1 gives: img_from_cam of a camera of focal length 1."""
    lens = lens_of_colmap(model, extra)
    np.testing.assert_allclose(lens.distort(np.array([1.2, 0.8])), expected, atol=1e-6)
    np.testing.assert_array_equal(lens.distort(np.zeros((1, 2))), [[0, 0]])


def test_no_distortion_is_no_lens():
    assert lens_of_colmap("PINHOLE", ()) is None
    assert lens_of_colmap("OPENCV", (0.0, 0.0, 0.0, 0.0)) is None


@pytest.mark.parametrize(
    "lens",
    [
        Perspective((-0.2, 0.05)),
        Perspective((0.1,), (0.02, -0.01)),
        Fisheye(),
        FieldOfView(0.9),
        Division(-0.2),
        EnhancedUnified(0.6, 1.1),
    ],
)
def test_what_the_lens_moved_is_moved_back(tmp_path, lens):
    """A dot is painted where the lens shows a point, and found where a pinhole shows it."""
    camera = Camera("a.png", 200, 150, 120, 130, 104, 71, np.eye(4), tmp_path / "a.png", lens)
    for point in ([0.45, 0.3], [-0.5, 0.1], [0.2, -0.4]):
        x, y = lens.distort(np.array(point)) * [120, 130] + [104, 71]
        rows, columns = np.mgrid[:150, :200] + 0.5
        dot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)
        Image.fromarray(np.repeat(dot[..., None], 3, axis=2).astype(np.uint8)).save(
            camera.image_path
        )
        found = load_photograph(camera)[..., 1].astype(float)
        centre = [(found * axis).sum() / found.sum() for axis in (columns, rows)]
        np.testing.assert_allclose(centre, np.array(point) * [120, 130] + [104, 71], atol=0.3)


@pytest.mark.parametrize(
    "straighten",
    [
        lambda image: undistort(image, Fisheye((0.1, 0.02)), (700.0, 710.0, 503.0, 298.0)),
        lambda image: cut_out(image, Panorama(90, 0), 701),
    ],
)
def test_a_picture_is_straightened_strip_by_strip_into_the_same(monkeypatch, straighten):
    image = np.random.default_rng(0).integers(0, 256, (601, 1003, 3), np.uint8)
    tracemalloc.start()
    in_strips = straighten(image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16_000_000  # of which 10.5 for a strip; at once it takes 57 or more
    monkeypatch.setattr(lens_module, "STRIP", image.size)
    np.testing.assert_array_equal(in_strips, straighten(image))


def test_transforms_json_says_its_lens(tmp_path):
    content = {"fl_x": 9, "w": 8, "h": 6, "k1": 0.1, "p2": 0.3}
    content["frames"] = [
        {"file_path": "a.png", "transform_matrix": np.eye(4).tolist()},
        {"file_path": "b.png", "transform_matrix": np.eye(4).tolist(), "k1": 0, "p2": 0},
    ]
    path = tmp_path / "transforms.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert [c.lens for c in read_transforms_json(path)] == [
        Perspective((0.1, 0, 0), (0, 0.3)),
        None,
    ]
    for fisheye in ({"camera_model": "OPENCV_FISHEYE"}, {"is_fisheye": True}):  # instant-ngp's
        path.write_text(json.dumps(content | fisheye), encoding="utf-8")
        assert read_transforms_json(path)[0].lens == Fisheye((0.1, 0, 0, 0))
    for other in ({"camera_model": "EQUISOLID"}, {"latlong": True}, {"ftheta_p0": 0.0}):
        path.write_text(json.dumps(content | other), encoding="utf-8")
        with pytest.raises(BadInput, match=f"not read here .({'|'.join(other)}|EQUISOLID)"):
            read_transforms_json(path)
