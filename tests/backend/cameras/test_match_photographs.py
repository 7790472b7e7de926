"""Photographs that are not of the scene are noticed, those that are pass."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.cameras.discover import find_views
from backend.cameras.match_photographs import likeness, require_matching_photographs
from backend.cameras.spread_out import spread_out
from backend.errors import BadInput
from backend.gaussians.ply import read_ply
from backend.rendering import make_rasterizer

SCENES = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes"


def test_likeness_is_of_details_and_not_of_exposure():
    rng = np.random.default_rng(0)
    picture = np.kron(rng.random((12, 16, 3)), np.ones((6, 6, 1)))
    everywhere = np.ones(picture.shape[:2])
    assert likeness(picture, picture * 0.5 + 0.3, everywhere) == pytest.approx(1)
    assert likeness(picture, 1 - picture, everywhere) == pytest.approx(-1)
    slope = np.linspace(0, 1, 72)[:, None, None] * np.ones((1, 96, 3))  # bright above, dark below
    other = np.kron(rng.random((12, 16, 3)), np.ones((6, 6, 1)))
    assert abs(likeness(picture + 3 * slope, other + 3 * slope, everywhere)) < 0.25
    assert likeness(picture, picture, everywhere * 0) == 0
    assert likeness(picture * 0, picture, everywhere) == 0


@pytest.mark.parametrize("name", ["kitchen", "plush", "fox"])
def test_real_photographs_pass_and_shuffled_ones_do_not(tmp_path, name):
    folder = SCENES / name
    if not folder.is_dir():
        pytest.skip(f"real scene {name} is not here")
    cameras = spread_out(find_views(folder / "point_cloud.ply"))[:8]
    rasterizer = make_rasterizer(read_ply(folder / "point_cloud.ply").cloud, "cpu")
    picture = tmp_path / "work" / "mismatch.png"
    require_matching_photographs(cameras, rasterizer, picture)
    assert not picture.exists()
    paths = [camera.image_path for camera in cameras]
    one_wrong = [replace(cameras[0], image_path=paths[1]), *cameras[1:]]
    require_matching_photographs(one_wrong, rasterizer, picture)
    shuffled = [
        replace(c, image_path=p) for c, p in zip(cameras, paths[1:] + paths[:1], strict=True)
    ]
    with pytest.raises(BadInput, match="fits worst") as caught:
        require_matching_photographs(shuffled, rasterizer, picture)
    assert any(camera.name in caught.value.message for camera in cameras)
    assert str(picture) in caught.value.advice
    with Image.open(picture) as saved:
        camera = cameras[0]
        assert saved.width / saved.height == pytest.approx(2 * camera.width / camera.height, 0.05)


def test_views_without_photographs_are_passed_over(tmp_path):
    require_matching_photographs([], None, tmp_path / "mismatch.png")
