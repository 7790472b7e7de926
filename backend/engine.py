"""The engine: everything that can be asked of a splat, behind one call.

The server and the command line are two thin doors onto it; both speak the
messages of `backend.protocol`.
"""

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import __version__, protocol
from .cameras.camera import Camera, ray_camera
from .cameras.discover import find_views
from .errors import BadInput
from .masks.store import MaskStore
from .progress import Report, silent

if TYPE_CHECKING:  # torch and numba take seconds to import: only when something is asked
    from .scene import Scene


class Engine:
    """Answers one request at a time; keeps the last scene open between requests."""

    def __init__(self, device: str = "auto") -> None:
        """device: "cpu", "cuda", or "auto" for CUDA where torch finds it."""
        self._wanted_device = device
        self._scene: Scene | None = None
        self._scene_stamp: tuple | None = None

    @cached_property
    def device(self) -> str:
        if self._wanted_device != "auto":
            return self._wanted_device
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"

    def handle(self, message: Any, report: Report = silent) -> Any:
        """Answer a request message of `backend.protocol` with its reply message.

        Raises:
            SagaError: whatever keeps it from being answered.
        """
        answers: dict[type, Callable[[Any, Report], Any]] = {
            protocol.Train: self._train,
            protocol.Select: self._select,
            protocol.Render: self._render,
            protocol.Info: self._info,
        }
        return answers[type(message)](message, report)

    def _open(self, path: str, report: Report) -> "Scene":
        from .scene import Scene

        file = Path(path).expanduser().absolute()
        stamp = (file, file.stat().st_mtime_ns, file.stat().st_size) if file.is_file() else None
        if self._scene is None or stamp is None or stamp != self._scene_stamp:
            report("Opening the scene", 0.0)
            self._scene = Scene(file, self.device)
            self._scene_stamp = stamp
        return self._scene

    def _train(self, message: protocol.Train, report: Report) -> protocol.Trained:
        from .affinity.checkpoint import Checkpoint, training_key
        from .affinity.field import Provenance
        from .affinity.ray_bank import build_ray_bank
        from .affinity.recipes import recipe_named
        from .affinity.trainer import Trainer

        started = time.perf_counter()
        _check_range("seed", message.seed, 0, 2**63 - 1)
        _check_range("time for masks", message.max_mask_minutes, 0, np.inf)
        recipe = recipe_named(message.recipe, message.steps)
        scene = self._open(message.scene, report)
        cameras = find_views(scene.path, message.views)
        masks = self._masks(scene, cameras, message, report)
        bank = build_ray_bank(
            scene.rasterizer, cameras, masks, np.random.default_rng(message.seed), report
        )
        trainer = Trainer(scene.cloud.means, bank, recipe, message.seed, self.device, report)
        key = training_key(scene.fingerprint, bank, recipe, message.seed)
        checkpoint = Checkpoint(scene.workspace.checkpoint, key)
        field = trainer.run(report, checkpoint)
        mask_count = sum(len(rays.mask_scales) for rays in bank)
        provenance = Provenance(
            scene=scene.path.name,
            fingerprint=scene.fingerprint,
            engine_version=__version__,
            recipe=message.recipe,
            steps=recipe.steps,
            seed=message.seed,
            views=len(bank),
            masks=mask_count,
            loss=trainer.loss,
        )
        field.save(scene.workspace.field, provenance)
        checkpoint.remove()
        scene.forget_training()
        return protocol.Trained(
            model=str(scene.workspace.field),
            seconds=time.perf_counter() - started,
            gaussians=len(scene.cloud),
            views=len(bank),
            masks=mask_count,
            steps=recipe.steps,
            loss=trainer.loss,
        )

    def _masks(
        self, scene: "Scene", cameras: list[Camera], message: protocol.Train, report: Report
    ) -> MaskStore:
        """The masks to train on: given, lying ready in the work folder, or made with SAM."""
        store = MaskStore(Path(message.masks) if message.masks else scene.workspace.masks)
        if message.sam_checkpoint:
            from .masks.make import make_masks
            from .masks.sam import load_sam
            from .pictures import draw

            generator = load_sam(Path(message.sam_checkpoint), self.device)
            make_masks(
                cameras,
                store,
                generator,
                lambda camera: draw(scene, camera, "color"),
                report,
                message.max_mask_minutes,
            )
        if not any(camera.name in store for camera in cameras):
            raise BadInput(
                f"There are no masks for the views of {scene.path.name}.",
                "Choose a SAM checkpoint to make them with, or a folder of ready masks.",
            )
        return store

    def _select(self, message: protocol.Select, report: Report) -> protocol.Selected:
        from .rendering import make_rasterizer
        from .segmentation.click import query_feature, select

        _check_range("scale", message.scale, 0.0, 1.0)
        _check_range("threshold", message.threshold, -1.0, 1.0)
        scene = self._open(message.scene, report)
        field = scene.trained.field
        camera, pixel = self._click(scene, message)
        rasterizer = scene.rasterizer
        if message.subset is not None:
            if len(message.subset) and not 0 <= message.subset.min() <= message.subset.max() < len(
                scene.cloud
            ):
                raise BadInput(
                    "The object does not belong to this scene.", "Import the scene again."
                )
            rasterizer = make_rasterizer(scene.cloud.subset(message.subset), self.device)
        query = query_feature(field, rasterizer, camera, pixel, message.subset)
        mask = select(field, query, message.scale, message.threshold)
        if message.subset is not None:
            mask &= np.isin(np.arange(len(mask)), message.subset)
        return protocol.Selected(
            mask=np.packbits(mask),
            count=int(mask.sum()),
            total=len(mask),
            physical_scale=float(field.scale_map.to_physical(message.scale)),
        )

    def _click(self, scene: "Scene", message: protocol.Select) -> tuple[Camera, tuple[int, int]]:
        """The view and the pixel (column, row) that a request points at."""
        if message.ray_origin is not None and message.ray_direction is not None:
            if not np.linalg.norm(message.ray_direction) > 0 or not message.pixel_angle > 0:
                raise BadInput(
                    "The ray has no direction or no width.",
                    "Give a direction and an angle above zero.",
                )
            return ray_camera(message.ray_origin, message.ray_direction, message.pixel_angle), (
                0,
                0,
            )
        if message.pixel is None:
            raise BadInput("Nothing was clicked.", "Give a pixel of a view, or a ray.")
        camera = _view_named(find_views(scene.path, message.views), message.view)
        column, row = (int(np.floor(value)) for value in message.pixel)
        if not (0 <= column < camera.width and 0 <= row < camera.height):
            raise BadInput(
                f"The click ({column}, {row}) is outside the picture.",
                f"{camera.name} is {camera.width} x {camera.height} pixels.",
            )
        return camera, (column, row)

    def _render(self, message: protocol.Render, report: Report) -> protocol.Rendered:
        from .pictures import draw

        scene = self._open(message.scene, report)
        camera = _view_named(find_views(scene.path, message.views), message.view)
        if message.size is not None:
            camera = camera.resized(*message.size)
        return protocol.Rendered(image=draw(scene, camera, message.what, message.selection))

    def _info(self, message: protocol.Info, report: Report) -> protocol.Described:
        scene = self._open(message.scene, report)
        facts = {
            "gaussians": len(scene.cloud),
            "left_out": scene.dropped,
            "sh_degree": scene.cloud.sh_degree,
            "trained": scene.workspace.field.is_file(),
        }
        if facts["trained"]:
            facts |= vars(scene.trained.provenance)
        text = "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())
        return protocol.Described(text=text, facts=facts)


def _view_named(cameras: list[Camera], name: str) -> Camera:
    for camera in cameras:
        if name in (camera.name, Path(camera.name).stem):
            return camera
    some = ", ".join(camera.name for camera in cameras[:3])
    raise BadInput(
        f"There is no view {name!r}.", f"The scene has {len(cameras)} views: {some}, ..."
    )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadInput(f"The {name} is {value:g}.", f"It must lie between {low:g} and {high:g}.")
