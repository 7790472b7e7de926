"""What the cameras see of the synthetic scene: pictures, and masks that are exactly right."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from backend.cameras.camera import Camera
from backend.cameras.cameras_json import camera_entry
from backend.gaussians.ply import write_ply
from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks
from backend.progress import Report, silent
from backend.rendering import make_rasterizer
from backend.rendering.rasterizer import Rasterizer

from ..pictures import on_background
from .scene import SyntheticScene

MIN_PIXELS = 30  # smaller masks are left out, as automatic masks leave them out


def part_map(rasterizer: Rasterizer, camera: Camera, scene: SyntheticScene) -> np.ndarray:
    """Which part each pixel shows, [H, W] int32 into `part_names`; -1 where it shows none."""
    one_hot = np.eye(len(scene.part_names), dtype=np.float32)[scene.part_labels]
    view = rasterizer.render(camera, one_hot)
    return np.where(view.alpha > 0.5, view.values.argmax(axis=-1), -1).astype(np.int32)


def exact_masks(parts: np.ndarray, scene: SyntheticScene) -> ViewMasks:
    """Masks of all granularities at once, as SAM gives them: parts, objects, groups.

    Args:
        parts: of `part_map`.
        scene: that it was made of.
    """
    targets = (*scene.part_names, *scene.object_names, *scene.groups)
    shown = [np.isin(parts, scene.parts_of(target)) for target in targets]
    masks = [mask for mask in shown if mask.sum() >= MIN_PIXELS]
    unique = list({mask.tobytes(): mask for mask in masks}.values())
    shape = (len(unique), *parts.shape)
    return ViewMasks.pack(np.array(unique, bool).reshape(shape), np.ones(len(unique)))


def write_scene(scene: SyntheticScene, ply: Path, report: Report = silent) -> list[np.ndarray]:
    """Write a scene as a trainer leaves it, and its masks where the engine looks for them.

    Args:
        scene: to be written.
        ply: where; cameras.json, images/ and the work folder go beside it.
        report: told view by view.

    Returns:
        The `part_map` of each camera.
    """
    images = ply.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    write_ply(ply, scene.cloud)
    cameras = [camera_entry(index, camera) for index, camera in enumerate(scene.cameras)]
    (ply.parent / "cameras.json").write_text(json.dumps(cameras, indent=1), encoding="utf-8")
    rasterizer = make_rasterizer(scene.cloud, "cpu")
    store = MaskStore(ply.with_suffix(".saga") / "masks")
    part_maps = []
    for done, camera in enumerate(scene.cameras):
        report("Rendering views", done / len(scene.cameras))
        view = rasterizer.render(camera)
        Image.fromarray(on_background(view.values, view.alpha)).save(images / camera.name)
        part_maps.append(part_map(rasterizer, camera, scene))
        store.write(camera.name, exact_masks(part_maps[-1], scene))
    return part_maps
