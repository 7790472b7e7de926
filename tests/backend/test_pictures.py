"""Pictures that stand for a scene's views."""

import numpy as np
from PIL import Image

from backend.cameras.camera import Camera
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.pictures import photograph_or_stand_in
from backend.scene import Scene


def test_a_view_shows_its_photograph_or_else_the_scene_on_grey(tmp_path):
    one = np.ones((1, 4), np.float32)
    black = GaussianCloud(
        one[:, :3] * [0, 0, 3], one, one[:, :3] * -2, one[:, 0] * 9, -one[:, None, :3] * 9
    )
    write_ply(tmp_path / "dot.ply", black)
    scene = Scene(tmp_path / "dot.ply", "cpu")
    camera = Camera("a.png", 13, 9, 10, 10, 6.5, 4.5, np.eye(4))
    stands_in = photograph_or_stand_in(scene, camera)
    assert stands_in.shape == (9, 13, 3) and stands_in.dtype == np.uint8
    assert (stands_in[4, 6] < 9).all() and (stands_in[0, 0] == 128).all()
    Image.new("RGB", (26, 18), (255, 0, 9)).save(tmp_path / "a.png")
    taken = Camera("a.png", 13, 9, 10, 10, 6.5, 4.5, np.eye(4), tmp_path / "a.png")
    assert (photograph_or_stand_in(scene, taken) == [255, 0, 9]).all()
