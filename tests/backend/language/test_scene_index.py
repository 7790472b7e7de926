"""A scene's text index through the engine: made once, kept, and made anew when it must be."""

import json

import pytest

from backend.cameras.cameras_json import camera_entry
from backend.engine import Engine
from backend.gaussians.ply import write_ply
from backend.language.scene_index import index_of
from backend.masks.store import MaskStore
from backend.protocol import Train


@pytest.fixture(scope="module")
def scene_file(panels, tmp_path_factory):
    """The panels trained through the engine, on masks in the scene's work folder."""
    path = tmp_path_factory.mktemp("panels") / "panels.ply"
    write_ply(path, panels.cloud)
    entries = [camera_entry(k, camera) for k, camera in enumerate(panels.cameras)]
    path.with_name("cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    store = MaskStore(path.with_suffix(".saga") / "masks")
    for name, masks in panels.masks.items():
        store.write(name, masks)
    Engine("cpu").handle(Train(str(path), steps=60))
    return path


def test_it_is_made_once_for_a_training_and_a_model(scene_file, sees_colors):
    def indexed(model):
        """Through an engine of its own, as after a restart."""
        return index_of(Engine("cpu").open(str(scene_file)), model)

    first = indexed(sees_colors)
    looked = sees_colors.seen
    assert looked > 0 and (indexed(sees_colors).owner == first.owner).all()
    assert sees_colors.seen == looked
    sees_colors.identity = "other weights"
    indexed(sees_colors)
    assert sees_colors.seen == 2 * looked
    Engine("cpu").handle(Train(str(scene_file), steps=61))
    indexed(sees_colors)
    assert sees_colors.seen > 2 * looked


def test_an_open_scene_keeps_it_until_it_is_trained_again(scene_file, sees_colors):
    engine = Engine("cpu")
    scene = engine.open(str(scene_file))
    kept = index_of(scene, sees_colors)
    assert index_of(scene, sees_colors) is kept
    scene.workspace.field.touch()
    assert index_of(engine.open(str(scene_file)), sees_colors) is not kept
