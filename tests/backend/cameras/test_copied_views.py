"""What the add-on copies to another computer is all that the engine looks for there."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from without_blender import load

from backend.cameras.discover import find_views

needed_for = load("saga_blender.engine.files_to_send").needed_for
there = load("saga_blender.engine.mirroring").there
protocol = load("backend.protocol")

SCENES = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes"
COLMAP = {
    "cameras.txt": "1 SIMPLE_PINHOLE 40 30 20 20 15",
    "images.txt": "1 1 0 0 0 0 0 0 1 a.png\n\n2 1 0 0 0 1 0 0 1 left/b.png\n\n",
}
FRAMES = [
    {"file_path": name, "transform_matrix": np.eye(4).tolist(), "w": 40, "h": 30, "fl_x": 20}
    for name in ("images/a.png", "./photos/c", "../id_rsa", "../elsewhere/d.png")
]


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with photographs in it, beside things that are nobody's business."""
    folder = tmp_path / "here" / "project"
    for name in ("images/a.png", "images/left/b.png", "photos/c.png", "../elsewhere/d.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30)).save(folder / name)
    for name in ("../id_rsa", "holiday.png", "notes.txt"):
        write(folder / name, "private")
    return folder


def copied(scene: Path, views: str, root: Path) -> list[str]:
    """Copy what a training needs, as the add-on does; the names of what was copied."""
    files = needed_for(protocol.Train(str(scene), views=views)).files
    for path in files:
        (root / there(path)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / there(path))
    return [path.name for path in files]


def assert_found_alike(scene: Path, views: str, root: Path) -> None:
    here = find_views(scene, views)
    copies = find_views(root / there(scene), str(root / there(views)) if views else "")
    assert any(camera.image_path for camera in here)
    assert [camera.name for camera in copies] == [camera.name for camera in here]
    for one, other in zip(here, copies, strict=True):
        np.testing.assert_array_equal(one.world_to_camera, other.world_to_camera)
        photograph = one.image_path and (root / there(one.image_path)).resolve()
        assert (other.image_path and other.image_path.resolve()) == photograph


@pytest.mark.parametrize("model", [".", "sparse/0", "sparse", "colmap/sparse/0"])
@pytest.mark.parametrize("given", ["", "folder", "model"])
def test_a_colmap_model_and_its_photographs(project, tmp_path, model, given):
    for name, content in COLMAP.items():
        write(project / model / name, content)
    scene = project / "scene.ply" if not given else tmp_path / "here" / "splats" / "scene.ply"
    write(scene, "a splat")
    turned = {"transform": np.eye(4)[[1, 2, 0, 3]].tolist(), "scale": 2}
    write(scene.with_name("dataparser_transforms.json"), json.dumps(turned))
    views = {"": "", "folder": str(project), "model": str(project / model)}[given]
    names = copied(scene, views, tmp_path / "there")
    assert_found_alike(scene, views, tmp_path / "there")
    assert not {"notes.txt", "holiday.png", "id_rsa"} & set(names)


def test_the_output_of_a_trainer(project, tmp_path):
    for name, content in COLMAP.items():
        write(project / "sparse/0" / name, content)
    scene = project / "point_cloud" / "iteration_30000" / "point_cloud.ply"
    write(scene, "a splat")
    copied(scene, "", tmp_path / "there")
    assert_found_alike(scene, "", tmp_path / "there")


@pytest.mark.parametrize("given", [False, True])
def test_photographs_that_a_transforms_json_names(project, tmp_path, given):
    write(project / "transforms.json", json.dumps({"frames": FRAMES}))
    scene = project / "scene.ply" if not given else tmp_path / "here" / "scene.ply"
    write(scene, "a splat")
    views = str(project / "transforms.json") if given else ""
    names = copied(scene, views, tmp_path / "there")
    assert_found_alike(scene, views, tmp_path / "there")
    assert "id_rsa" not in names and "d.png" in names


def test_nothing_is_copied_beside_a_splat_without_cameras(project, tmp_path):
    write(project / "scene.ply", "a splat")
    assert copied(project / "scene.ply", "", tmp_path / "there") == ["scene.ply"]


def test_only_what_a_question_needs_is_copied(project):
    scene = project / "scene.ply"
    write(scene, "a splat")
    for name in ("field.safetensors", "added.json", "masks/a.npz", "masks/made_up/1.npz"):
        write(scene.with_suffix(".saga") / name, "{}")
    for name, content in COLMAP.items():
        write(project / name, content)

    def needed(message):
        return {path.name for path in needed_for(message).files}

    click = {"scene.ply", "added.json", "field.safetensors"}
    assert needed(protocol.Select(str(scene))) == needed(protocol.Decompose(str(scene))) == click
    views = {"cameras.txt", "images.txt", "a.png", "b.png", "a.npz"}
    assert needed(protocol.Select(str(scene), refine=True)) == click | views
    assert needed(protocol.Find(str(scene), "mug")) == click | views
    assert needed(protocol.Train(str(scene))) == {"scene.ply", "added.json"} | views
    assert needed(protocol.Train(str(scene), masks=str(project / "photos"))) == {
        "scene.ply", "added.json", "cameras.txt", "images.txt", "a.png", "b.png", "c.png",
    }  # fmt: skip
    assert needed(protocol.Fetch("mobile_sam", "weights")) == set()


def test_of_a_folder_only_what_counts_is_copied(project):
    scene, masks, model = (project / name for name in ("scene.ply", "painted", "model"))
    for path in (scene, masks / "level_parts/a.TIF", model / "open_clip_config.json"):
        write(path, "ours")
    for name, content in COLMAP.items():
        write(project / "sparse/0" / name, content)
    for folder in (masks, masks / "private", model, project / "images", project / "sparse/0"):
        for name in ("id_rsa", "tax.pdf", "points3D.ply"):
            write(folder / name, "private")
    message = protocol.Find(str(scene), "mug", str(model), masks=str(masks))
    assert {path.name for path in needed_for(message).files} == {
        "scene.ply", "cameras.txt", "images.txt", "a.png", "b.png", "a.TIF",
        "open_clip_config.json",
    }  # fmt: skip


def test_cameras_in_a_file_of_any_name(project, tmp_path):
    camera = {"id": 0, "img_name": "a.png", "width": 40, "height": 30, "fx": 20.0, "fy": 20.0}
    pose = {"position": [0, 0, 0], "rotation": np.eye(3).tolist()}
    write(project / "the best.json", json.dumps([camera | pose]))
    scene = project / "scene.ply"
    write(scene, "a splat")
    copied(scene, str(project / "the best.json"), tmp_path / "there")
    assert_found_alike(scene, str(project / "the best.json"), tmp_path / "there")


def test_no_other_computer_is_asked_for_what_a_transforms_json_names(project):
    names = ("//evil.example/share/a.jpg", r"\\evil.example\share\b", "x" * 300 + ".jpg")
    write(project / "transforms.json", json.dumps({"frames": [{"file_path": n} for n in names]}))
    write(project / "scene.ply", "a splat")
    needed = needed_for(protocol.Train(str(project / "scene.ply")))
    assert [path.name for path in needed.files] == [
        "scene.ply",
        "transforms.json",
        "a.png",
        "b.png",
    ]
    assert not [path for path in needed.places if "evil.example" in str(path)]


@pytest.mark.parametrize("name", ["kitchen", "fox"])
def test_real_scenes(tmp_path, name):
    if not SCENES.is_dir():
        pytest.skip(f"the real scenes are not in {SCENES}")
    scene = (SCENES / name / "point_cloud.ply").resolve()
    names = copied(scene, "", tmp_path)
    assert_found_alike(scene, "", tmp_path)
    assert len(names) < 200
