"""What is made from files and cameras is known to be stale when any of them changes."""

from dataclasses import replace

import numpy as np

from backend.cameras.camera import Camera
from backend.digest import digest_of, files_in


def test_whatever_changes_changes_the_digest(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "masks").write_text(name)
    camera = Camera("view", 4, 3, 2.0, 2.0, 2.0, 1.5, np.eye(4))
    moved = np.eye(4)
    moved[0, 3] = 1e-9
    cameras = [[camera], [camera] * 2, [replace(camera, world_to_camera=moved)]]
    cameras += [[replace(camera, name="other")], [replace(camera, fx=2.1)]]
    found = [digest_of(files_in(tmp_path), some) for some in cameras]
    assert found[0] == digest_of(files_in(tmp_path), [camera])
    (tmp_path / "b" / "masks").rename(tmp_path / "b" / "of another view")
    found.append(digest_of(files_in(tmp_path), [camera]))
    (tmp_path / "a" / "masks").write_text("A")
    found.append(digest_of(files_in(tmp_path), [camera]))
    assert len(set(found)) == 7 and files_in(tmp_path / "none") == []
