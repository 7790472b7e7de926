"""Which views a scene is trained on, and finding them again."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.cameras.camera import Camera, look_at
from backend.cameras.cameras_json import camera_entry
from backend.cameras.saved import save_views
from backend.engine import Engine
from backend.errors import BadInput
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.protocol import AddView, Eye, ForgetViews, Info, Train
from backend.scene import Scene
from backend.views import add_view, added_views, at_most, made_up_before, training_views, view_of

pytestmark = pytest.mark.usefixtures("few_candidates")
_, Y, Z = np.eye(3)


@pytest.fixture
def scene(tmp_path):
    """A patch of floor, without cameras."""
    grid = np.stack(np.meshgrid(np.arange(20), np.arange(20), [0.0]), -1).reshape(-1, 3) * 0.1
    ones = np.ones((len(grid), 4), np.float32)
    cloud = GaussianCloud(
        means=grid.astype(np.float32),
        quats=ones * [1, 0, 0, 0],
        log_scales=ones[:, :3] * [-2.8, -2.8, -4],
        opacity_logits=ones[:, 0] * 4,
        sh=ones[:, None, :3],
    )
    write_ply(tmp_path / "floor.ply", cloud)
    return Scene(tmp_path / "floor.ply", "cpu")


def no_report(stage, fraction, detail=""):
    raise AssertionError(f"{stage} again")


def same(one, other):
    return [(c.name, c.world_to_camera.tolist()) for c in one] == [
        (c.name, c.world_to_camera.tolist()) for c in other
    ]


def test_made_up_views_are_kept_for_the_scene_and_found_by_name(scene):
    told = []
    made = training_views(scene, made_up=3, report=lambda *words: told.append(words))
    assert len(made) == 3 and ("Making up views", 1.0) in told
    for wish in (3, None):
        kept = training_views(scene, made_up=wish, report=no_report)
        for one, other in zip(made, kept, strict=True):  # in one order, or a training starts anew
            np.testing.assert_array_equal(one.world_to_camera, other.world_to_camera)
            np.testing.assert_array_equal(one.K, other.K)
            assert (one.name, one.width, one.height) == (other.name, other.width, other.height)
    name = made[2].name
    assert view_of(scene, "", name.removesuffix(".png")).name == name
    with pytest.raises(BadInput, match="made_up/003"):
        view_of(scene, "", "made_up/003.png")


def test_a_name_says_what_a_view_shows_so_that_its_masks_are_of_no_other(scene):
    """One folder may hold the masks of many scenes, and of other views than are asked for now."""
    three, two = (training_views(scene, made_up=count) for count in (3, 2))
    add_view(scene, two[0])
    (added,) = added_views(scene)
    poses = {view.name: view.world_to_camera.round(9).tobytes() for view in [*three, *two]}
    assert len(poses) == len(set(poses.values())) > 3
    write_ply(scene.path, scene.cloud.subset(np.arange(300)))
    other = Scene(scene.path, "cpu")
    with pytest.raises(BadInput, match="No camera views"):
        view_of(other, "", two[0].name)
    add_view(other, two[0])
    assert added_views(other)[0].name != added.name  # the same camera, but not what it shows
    write_ply(scene.path, scene.cloud)
    assert same(training_views(Scene(scene.path, "cpu"), made_up=3), three)  # the masks fit again


def test_made_up_views_of_an_older_version_keep_their_names_and_so_their_masks(scene):
    views = training_views(scene, made_up=2)
    older = [replace(view, name=f"made_up/{index:03}.png") for index, view in enumerate(views)]
    save_views(scene.workspace.cameras, older, {"scene": scene.fingerprint, "asked_for": 2})
    found = training_views(scene, made_up=2, report=no_report)
    assert [view.name for view in found] == ["made_up/000.png", "made_up/001.png"]


def test_of_too_many_views_added_ones_come_first_and_the_others_are_spread_out():
    views = [
        Camera(f"{k}.png", 8, 8, 8.0, 8.0, 4.0, 4.0, look_at(np.array([x, 0, 0]), Y, Z))
        for k, x in enumerate((0.0, 0.1, 4.0, 1.0))
    ]
    added = [replace(view, name=f"added/{view.name}") for view in views[1:3]]
    assert at_most([*views, *added], 4) == [*added, views[0], views[2]]
    assert at_most([*views, *added], 1) == added[:1]
    assert at_most(views, 0) == at_most(views, 4) == views


def test_as_many_views_as_show_the_scene_well_are_chosen_anew_after_another_number(scene):
    """What is asked between trainings looks at the views of the last one."""
    assert len(training_views(scene, made_up=2)) == 2
    assert len(training_views(scene, report=no_report)) == 2
    well = len(training_views(scene, made_up=0))
    assert well > 2 and len(training_views(scene, made_up=0, report=no_report)) == well


def test_a_training_without_sam_keeps_the_made_up_views_that_have_masks(scene):
    views = training_views(scene, made_up=3)
    store = MaskStore(scene.workspace.masks)
    left = np.arange(48 * 64).reshape(1, 48, 64) % 64 < 32
    for view in views:
        store.write(view.name, ViewMasks.pack(np.concatenate([left, ~left]), np.ones(2)))
    trained = Engine("cpu").handle(Train(str(scene.path), steps=2))
    assert trained.views == 3 and all(view.name in store for view in views)
    write_ply(scene.path, scene.cloud.subset(np.arange(300)))
    described = Engine("cpu").handle(Info(str(scene.path)))
    assert described.facts["view_names"] == []  # those were of other Gaussians


def test_weights_of_no_use_are_refused_before_views_are_made_up(scene):
    weights, told = scene.path.with_name("weights.pt"), []
    torch.save({"image_encoder.pos_embed": torch.zeros(1, 64, 64, 768)}, weights)  # ViT-B's first
    message = Train(str(scene.path), sam_checkpoint=str(weights))
    with pytest.raises(BadInput, match=r"weights\.pt is not .* missing"):
        Engine("cpu").handle(message, lambda *said: told.append(said[0]))
    assert "Making up views" not in told and not scene.workspace.folder.exists()


def test_made_up_views_of_other_gaussians_are_not_taken(scene):
    first = training_views(scene, made_up=2)
    write_ply(scene.path, scene.cloud.subset(np.arange(300)))
    other = training_views(Scene(scene.path, "cpu"), made_up=2)
    assert not same(first, other)
    for damage in ("[1", "1", "[" * 100_000):
        scene.workspace.cameras.write_text(damage, encoding="utf-8")
        assert made_up_before(Scene(scene.path, "cpu")) == []
    assert same(training_views(Scene(scene.path, "cpu"), made_up=2), other)


def test_cameras_beside_the_scene_come_first_unless_made_up_ones_are_asked_for(scene):
    beside = scene.path.with_name("cameras.json")
    (made,) = training_views(scene, made_up=1)
    entry = camera_entry(0, made) | {"img_name": "given.png"}
    beside.write_text(json.dumps([entry]), encoding="utf-8")
    assert [c.name for c in training_views(scene)] == ["given.png"]
    assert [c.name for c in training_views(scene, made_up=1)] == [made.name]
    assert view_of(scene, "", "given").name == "given.png"
    assert view_of(scene, "", made.name).name == made.name
    beside.write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"cameras\.json"):  # broken is not the same as missing
        training_views(scene)
    with pytest.raises(BadInput, match="number of made-up views"):
        training_views(scene, made_up=-1)


def test_views_of_the_viewport_are_trained_on_besides_all_others(scene):
    engine, half = Engine("cpu"), 0.5**0.5
    # An eye at (2, 3, 5) that looks along world x.
    eye = Eye((2.0, 3.0, 5.0), (half, 0.0, -half, 0.0), focal=1600.0, size=(2048, 1000))
    told = AddView(str(scene.path), eye)
    assert engine.handle(told).views == 1
    assert engine.handle(told).views == 1  # the same one
    shifted = replace(eye, centre=(1224.0, 400.0))  # as in a camera view that is panned
    assert engine.handle(replace(told, eye=shifted)).views == 2
    made, *added = training_views(scene, made_up=1)
    first, second = sorted(added, key=lambda camera: camera.cx)
    assert made.name.startswith("made_up/") and first.name != second.name
    assert (first.cx, first.cy, second.cx, second.cy) == (512, 250, 612, 200)
    assert (first.width, first.height, first.fx, first.fy) == (1024, 500, 800, 800)
    np.testing.assert_allclose(first.position, [2, 3, 5], atol=1e-12)
    np.testing.assert_allclose(first.world_to_camera[2, :3], [1, 0, 0], atol=1e-12)
    assert view_of(scene, "", first.name).name == first.name
    store = MaskStore(scene.workspace.masks)
    store.write(first.name, ViewMasks.pack(np.ones((1, 2, 2), bool), np.ones(1)))
    assert engine.handle(ForgetViews(str(scene.path))).views == 0
    assert len(training_views(scene, made_up=1)) == 1 and store.views() == []
    with pytest.raises(BadInput, match="direction"):
        engine.handle(replace(told, eye=replace(eye, quat=(0.0,) * 4)))
