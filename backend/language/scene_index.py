"""The text index of a scene: made once, kept in its work folder and while the scene is open."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from .. import __version__
from ..cameras.camera import Camera
from ..digest import digest_of, files_in
from ..masks.label_images import LabelImages, open_masks
from ..masks.store import MaskStore
from ..pictures import photograph_or_stand_in
from ..progress import Report, silent
from ..scene import Scene
from ..views import made_up_before, training_views
from .image_text import ImageTextModel
from .index import TextIndex, build_index


def index_of(
    scene: Scene, model: ImageTextModel, views: str = "", masks: str = "", report: Report = silent
) -> TextIndex:
    """The index of a trained scene as a model sees it.

    Args:
        scene: opened.
        model: loaded.
        views, masks: as they were given for the training.
        report: called often.

    Raises:
        NotTrained: the scene is not trained.
        BadInput: views, masks or the trained features cannot be used.
    """
    trained = scene.trained
    request = (model.identity, views, masks)
    if request not in scene.text_indices:
        store = open_masks(Path(masks) if masks else scene.workspace.masks)
        cameras = _masked_views(scene, views, store, report)
        seen = digest_of(files_in(store.folder), cameras)
        key = json.dumps([__version__, asdict(trained.provenance), model.identity, seen])
        index = TextIndex.load(scene.workspace.text_index, key, len(scene.cloud))
        if index is None:
            index = build_index(
                scene.rasterizer, cameras, store, trained.field, model,
                partial(photograph_or_stand_in, scene), report,
            )  # fmt: skip
            index.save(scene.workspace.text_index, key)
        scene.text_indices[request] = index
    return scene.text_indices[request]


def _masked_views(
    scene: Scene, views: str, store: MaskStore | LabelImages, report: Report
) -> list[Camera]:
    """The views that have masks: a scene with photographs may be trained on made-up ones."""
    cameras = training_views(scene, views, report=report)
    masked = [camera for camera in cameras if camera.name in store]
    return masked or [camera for camera in made_up_before(scene) if camera.name in store]
