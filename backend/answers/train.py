"""Train: masks, ray bank, features; saved beside the scene."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from .. import __version__
from ..affinity.checkpoint import Checkpoint, training_key
from ..affinity.field import AffinityField, Provenance, made_from
from ..affinity.ray_bank import ViewRays, build_ray_bank, trace_finely
from ..affinity.recipes import Recipe, recipe_named
from ..affinity.trainer import Trainer
from ..cameras.camera import Camera
from ..cameras.match_photographs import require_matching_photographs
from ..digest import digest_of, files_in
from ..engine import Engine
from ..errors import BadInput, require_within
from ..files import remove_drafts, try_folder
from ..masks.label_images import LabelImages, open_masks
from ..masks.make import make_masks, views_without_masks
from ..masks.store import MaskStore
from ..memory.check import require_memory
from ..memory.estimate import training_size
from ..pictures import photograph_or_stand_in
from ..progress import Report
from ..protocol import Train, Trained
from ..scene import Scene
from ..segmentation.agreement import agree
from ..views import at_most, training_views


def answer(engine: Engine, message: Train, report: Report) -> Trained:
    """Train the features of a scene and save them in its work folder."""
    started = time.perf_counter()
    require_within("seed", message.seed, 0, 2**63 - 1)
    require_within("time for masks", message.max_mask_minutes, 0, np.inf)
    require_within("number of views", message.max_views, 0, np.inf)
    scene = engine.open(message.scene, report)
    recipe = recipe_named(message.recipe, len(scene.cloud), message.steps)
    cameras, store = _prepared(scene, recipe, message, report)
    provenance = _train(scene, recipe, cameras, store, message, report)
    return Trained(
        model=str(scene.workspace.field),
        seconds=time.perf_counter() - started,
        gaussians=len(scene.cloud),
        views=provenance.views,
        masks=provenance.masks,
        steps=provenance.steps,
        loss=provenance.loss,
    )


def _prepared(
    scene: Scene, recipe: Recipe, message: Train, report: Report
) -> tuple[list[Camera], MaskStore | LabelImages]:
    """The views to train on, and their masks, all that could be made; there is room for them."""
    store = _open_masks(scene, message)
    try_folder(scene.workspace.folder)
    remove_drafts(scene.workspace.folder)
    # Without SAM nothing could make masks of views that are chosen anew.
    made_up = message.made_up_views or (0 if message.sam_checkpoint else None)
    require_maker = partial(_require_maker_of_masks, scene, message)
    cameras = training_views(scene, message.views, made_up, report, require_maker)
    if not message.sam_checkpoint:
        cameras = [camera for camera in cameras if camera.name in store]
        _require_masks(scene, cameras)
    cameras = at_most(cameras, message.max_views)
    missing = views_without_masks(cameras, store, report) if message.sam_checkpoint else []
    size = training_size(scene, cameras, store, missing, message.sam_checkpoint)
    require_memory(size, recipe, scene.device)
    if missing:
        _make_masks(scene, cameras, missing, store, message, report)
    return cameras, store


def _train(
    scene: Scene,
    recipe: Recipe,
    cameras: list[Camera],
    store: MaskStore | LabelImages,
    message: Train,
    report: Report,
) -> Provenance:
    """Train and save a field of the scene, unless the same was saved; what it was made from."""
    rng = np.random.default_rng(message.seed)
    bank = build_ray_bank(scene.rasterizer, cameras, store, rng, report)
    key = training_key(scene.fingerprint, bank, recipe, message.seed)
    # The key is of the pixels that are trained on: beside them a mask may have been mended.
    sources = f"{__version__} {key} {digest_of(files_in(store.folder), cameras)}"
    path = scene.workspace.field
    if made_from(path) == sources:
        with suppress(BadInput):  # it is damaged, and made anew
            return AffinityField.load(path)[1]
    checkpoint = Checkpoint(scene.workspace.checkpoint, key)
    field, loss = _learn(scene, bank, recipe, message.seed, checkpoint, report)
    fine = trace_finely(scene.rasterizer, cameras, store, bank, rng)
    field = replace(field, things=agree(field, bank, fine, report))
    provenance = Provenance(
        scene=scene.path.name,
        fingerprint=scene.fingerprint,
        engine_version=__version__,
        recipe=message.recipe,
        steps=recipe.steps,
        seed=message.seed,
        views=len(bank),
        masks=sum(len(rays.mask_scales) for rays in bank),
        loss=loss,
    )
    field.save(path, provenance, sources)
    checkpoint.remove()
    return provenance


def _learn(
    scene: Scene,
    bank: list[ViewRays],
    recipe: Recipe,
    seed: int,
    checkpoint: Checkpoint,
    report: Report,
) -> tuple[AffinityField, float]:
    """The trained field and its loss; all else that a training holds is let go of."""
    trainer = Trainer(scene.cloud.means, bank, recipe, seed, scene.device, report)
    return trainer.run(report, checkpoint), trainer.loss


def _open_masks(scene: Scene, message: Train) -> MaskStore | LabelImages:
    """Where the masks are, or will be once they are made."""
    given = Path(message.masks) if message.masks else None
    store = open_masks(given) if given else MaskStore(scene.workspace.masks)
    if not message.sam_checkpoint:
        _require_masks(scene, store.views())
    elif isinstance(store, LabelImages):
        raise BadInput(
            f"{given} holds label images, to which SAM's masks cannot be added.",
            "Give either a folder of label images or a SAM checkpoint.",
        )
    elif not Path(message.sam_checkpoint).is_file():
        raise BadInput(f"{message.sam_checkpoint} does not exist.", "Choose weights of SAM.")
    return store


def _make_masks(
    scene: Scene,
    cameras: list[Camera],
    missing: list[Camera],
    store: MaskStore,
    message: Train,
    report: Report,
) -> None:
    """Make the masks that are missing, with SAM."""
    from ..masks.sam import load_sam

    generator = load_sam(Path(message.sam_checkpoint), scene.device)
    require_matching_photographs(cameras, scene.rasterizer, scene.workspace.mismatch, report)
    picture = partial(photograph_or_stand_in, scene)
    make_masks(missing, store, generator, picture, report, message.max_mask_minutes)


def _require_maker_of_masks(scene: Scene, message: Train) -> None:
    """Of views that are about to be made up there are no masks yet: something must make them."""
    if not message.sam_checkpoint:
        _require_masks(scene, [])
    from ..masks.checkpoint import require_model

    require_model(Path(message.sam_checkpoint))


def _require_masks(scene: Scene, there: Sequence) -> None:
    if not there:
        raise BadInput(
            f"There are no masks for the views of {scene.path.name}.",
            "Give weights of Segment Anything to make them (Fetch Weights in Blender; `fetch` and "
            "--sam-checkpoint on the command line), or a folder of masks (--masks).",
        )
