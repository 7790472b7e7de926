"""An opened scene: its Gaussians, a rasterizer for them, and what was trained on them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from .affinity.field import AffinityField, Provenance
from .affinity.things import Things
from .cameras.camera import Camera
from .errors import BadInput, MissingSoftware, NotTrained
from .files import stamp_of
from .gaussians.cloud import GaussianCloud
from .gaussians.fingerprint import fingerprint
from .gaussians.ply import read_ply
from .rendering import make_rasterizer
from .rendering.rasterizer import Rasterizer, RayContributions
from .segmentation.marks import pixel_features
from .segmentation.thing_tree import ThingTree
from .workspace import Workspace

if TYPE_CHECKING:
    from .language.index import TextIndex

REMEMBERED = 64  # traced clicks


@dataclass(frozen=True)
class TrainedField:
    """A field and where it came from."""

    field: AffinityField
    provenance: Provenance

    @cached_property
    def features_of(self) -> Callable[[RayContributions], Tensor]:
        """See `pixel_features`; those of a view are remembered while a box in it is drawn."""
        return lru_cache(1)(partial(pixel_features, self.field))

    @cached_property
    def things(self) -> ThingTree:
        """What its masks agree on."""
        return ThingTree.of(self.field.things or Things.none(len(self.field.features)))


class Scene:
    """One .ply on one device. What is costly is made when first asked for, and kept."""

    def __init__(self, path: Path, device: str) -> None:
        self.path = path
        self.device = device
        splat = read_ply(path)
        self.cloud: GaussianCloud = splat.cloud
        self.dropped: int = splat.dropped
        self.workspace = Workspace(path)
        self._field_stamp = stamp_of(self.workspace.field)
        self._traced: dict[tuple, RayContributions] = {}
        self.text_indices: dict[tuple, TextIndex] = {}  # see language.scene_index

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.cloud)

    @cached_property
    def rasterizer(self) -> Rasterizer:
        """On the scene's device where gsplat runs, else on the CPU.

        gsplat wants a compiler that few artists have. Rays are traced once and
        in seconds; the training keeps the GPU either way.
        """
        try:
            return make_rasterizer(self.cloud, self.device)
        except MissingSoftware:
            return make_rasterizer(self.cloud, "cpu")

    def trace(
        self, camera: Camera, pixels: np.ndarray, subset: np.ndarray | None = None
    ) -> RayContributions:
        """Who makes up pixels, as if only a part of the scene were there.

        The last ones are remembered: a slider asks for the same click again and again.

        Args:
            camera: the view.
            pixels: integer [P, 2] (column, row) inside it.
            subset: [M] Gaussians that are there; None is all.
        """
        part = None if subset is None else blake2b(subset).digest()
        key = camera.world_to_camera.tobytes(), camera.K.tobytes(), pixels.tobytes(), part
        traced = self._traced.pop(key, None)
        if traced is None:
            present = None if subset is None else self.present(subset)
            traced = self.rasterizer.trace(camera, pixels, present)
        self._traced[key] = traced  # the last one used is the last one to be forgotten
        if len(self._traced) > REMEMBERED:
            del self._traced[next(iter(self._traced))]
        return traced

    @cached_property
    def trained(self) -> TrainedField:
        """The field saved beside the scene.

        Raises:
            NotTrained: when there is none.
            BadInput: when it was trained on other Gaussians, or is damaged.
        """
        path = self.workspace.field
        if not path.is_file():
            raise NotTrained(
                f"{self.path.name} has not been trained yet.",
                "Train it first: Train SAGA, or train on the command line.",
            )
        field, provenance = AffinityField.load(path, self.device)
        of_these = provenance.fingerprint == self.fingerprint
        if not (of_these and len(field.features) == len(self.cloud)):
            raise BadInput(
                f"{path} was trained on {provenance.scene} ({provenance.fingerprint[:8]}), "
                f"not on what is in {self.path} now ({self.fingerprint[:8]}).",
                "Train the scene again, or put the file that it was trained on back in place.",
            )
        return TrainedField(field, provenance)

    def require_mine(self, index: np.ndarray) -> None:
        """Refuse Gaussians that the scene does not have.

        Raises:
            BadInput: when `index` is no list of integers, is empty or reaches beyond the scene.
        """
        is_list = index.ndim == 1 and index.dtype.kind in "iu" and len(index)
        if not (is_list and index.min() >= 0 and index.max() < len(self.cloud)):
            raise BadInput("The object does not belong to this scene.", "Import the scene again.")

    def present(self, subset: np.ndarray | None) -> np.ndarray:
        """The Gaussians that are still there, boolean [N].

        Args:
            subset: [M] their indices; None is all.

        Raises:
            BadInput: see `require_mine`.
        """
        if subset is None:
            return np.ones(len(self.cloud), bool)
        self.require_mine(subset)
        present = np.zeros(len(self.cloud), bool)
        present[subset] = True
        return present

    def notice_training(self) -> None:
        """Forget what was trained where its file is another one by now, of any engine's."""
        stamp = stamp_of(self.workspace.field)
        if stamp != self._field_stamp:
            self._field_stamp = stamp
            self.__dict__.pop("trained", None)
            self.text_indices.clear()
