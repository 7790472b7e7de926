"""The scene as Gaussians and cameras, with the truth about what each Gaussian belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial.transform import Rotation

from backend.cameras.camera import Camera, look_at
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.spherical_harmonics import rotate_sh
from backend.rendering import make_rasterizer

from .layouts import LAYOUTS, Layout
from .lighting import bake
from .surfaces import area, sample
from .things import Part

SEEN = 0.78  # share of the Gaussians that some camera sees
SEEN_DEPTH = 0.03  # scene units; how far behind the visible surface still counts as seen
Y_DOWN = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # from z up to the frame of trained scenes


@dataclass(frozen=True)
class SyntheticScene:
    """A splat and the truth about it."""

    cloud: GaussianCloud  # [N] Gaussians, y down as in trained scenes
    object_labels: np.ndarray  # [N] int32 into object_names
    part_labels: np.ndarray  # [N] int32 into part_names
    object_names: tuple[str, ...]  # [0] is what the others stand on
    part_names: tuple[str, ...]  # "object/part"
    groups: Mapping[str, tuple[str, ...]]  # of objects and parts that are also taken as one
    cameras: tuple[Camera, ...]

    @property
    def parts(self) -> list[str]:
        """The parts of all objects that have several."""
        objects = [self.parts_of(name) for name in self.object_names]
        return [self.part_names[k] for parts in objects for k in parts if parts[1:]]

    def parts_of(self, target: str) -> list[int]:
        """Indices into `part_names` of what makes up a part, an object or a group."""
        members = self.groups.get(target, (target,))
        names = enumerate(self.part_names)
        return [k for k, name in names if name in members or name.split("/")[0] in members]


def make_scene(
    kind: str = "tabletop", gaussians: int = 100_000, views: int = 40, seed: int = 0
) -> SyntheticScene:
    """Build a scene and the cameras that look at it.

    Args:
        kind: of `LAYOUTS`.
        gaussians: about how many; sets how finely surfaces are covered.
        views: cameras.
        seed: same seed, same scene.
    """
    rng = np.random.default_rng(seed)
    layout = LAYOUTS[kind]()
    things = layout.things
    parts = [(thing, part) for thing in things for part in thing.parts]
    effort = sum(part.density * area(s) for _, part in parts for s, _ in part.pieces)
    spacing = np.sqrt(effort * SEEN / gaussians)
    samples = [_sample_part(part, spacing) for _, part in parts]
    counts = [len(columns[0]) for columns in samples]
    points, normals, tangents, albedo, gloss, sizes = map(
        np.concatenate, zip(*samples, strict=True)
    )
    names = tuple(thing.name for thing in things)
    owners = [names.index(thing.name) for thing, _ in parts]
    part_labels = np.repeat(np.arange(len(parts)), counts).astype(np.int32)
    sh = rotate_sh(bake(points, normals, albedo, gloss), Y_DOWN)
    cloud = _surfels(points, normals, tangents, sizes, sh, rng)
    cameras = cameras_around(layout, views)
    seen = _seen(cloud, cameras)
    return SyntheticScene(
        cloud.subset(seen),
        np.array(owners, np.int32)[part_labels[seen]],
        part_labels[seen],
        names,
        tuple(f"{thing.name}/{part.name}" for thing, part in parts),
        layout.groups,
        cameras,
    )


def _sample_part(part: Part, spacing: float) -> tuple[np.ndarray, ...]:
    spacing = spacing / np.sqrt(part.density)
    rows = []
    for surface, paint in part.pieces:
        s = sample(surface, spacing)
        gloss, sizes = (np.full(len(s.points), value) for value in (part.gloss, spacing))
        rows.append((s.points, s.normals, s.tangents, paint(s), gloss, sizes))
    return tuple(map(np.concatenate, zip(*rows, strict=True)))


def _surfels(points, normals, tangents, sizes, sh, rng) -> GaussianCloud:
    """Flat Gaussians in their surface's plane, sizes and opacities varied a little."""
    count = len(points)
    frames = np.stack([tangents, np.cross(normals, tangents), normals], axis=-1)
    spin = Rotation.from_euler("z", rng.uniform(0, np.pi, (count, 1))).as_matrix()
    quats = Rotation.from_matrix(Y_DOWN @ frames @ spin).as_quat()[:, [3, 0, 1, 2]]
    spread = [0.62, 0.62, 0.12] * rng.uniform(0.85, 1.15, (count, 3))
    return GaussianCloud(
        means=(points @ Y_DOWN.T).astype(np.float32),
        quats=quats.astype(np.float32),
        log_scales=np.log(spread * sizes[:, None]).astype(np.float32),
        opacity_logits=np.clip(rng.normal(3.5, 0.8, count), 0.5, 6).astype(np.float32),
        sh=sh.astype(np.float32),
    )


def _seen(cloud: GaussianCloud, cameras: Sequence[Camera]) -> np.ndarray:
    """Which Gaussians some camera sees, [N]: a splat trained on photographs has no others."""
    rasterizer = make_rasterizer(cloud, "cpu")
    seen = np.zeros(len(cloud), bool)
    for camera in cameras:
        camera = camera.resized(camera.width // 2, camera.height // 2)
        depth = rasterizer.render(camera, cloud.opacity_logits[:, None]).depth
        depth = maximum_filter(depth, 3)  # the edges of things cover nothing for sure
        places = camera.project(cloud.means)
        inside = ((places >= 0) & (places < [camera.width, camera.height])).all(axis=1)
        column, row = places[inside].astype(int).T
        z = camera.to_frame(cloud.means[inside])[:, 2]
        seen[inside] |= z < depth[row, column] + SEEN_DEPTH
    return seen


def cameras_around(
    layout: Layout, count: int, width: int = 480, height: int = 360
) -> tuple[Camera, ...]:
    """Cameras around the scene, each of the layout's looks in turn."""
    focal = width / 2 / np.tan(np.radians(24.5))
    start, end = np.radians(layout.azimuths)
    cameras = []
    for i in range(count):
        look = layout.looks[i % len(layout.looks)]
        azimuth, elevation = start + (end - start) * i / count, np.radians(look.elevation)
        around = np.cos(elevation) * np.array([np.cos(azimuth), np.sin(azimuth)])
        position = look.target + look.distance * np.append(around, np.sin(elevation))
        place, forward = Y_DOWN @ position, Y_DOWN @ (look.target - position)
        world_to_camera = look_at(place, forward, up=np.array([0.0, -1.0, 0.0]))
        size = width, height, focal, focal, width / 2, height / 2
        cameras.append(Camera(f"view_{i:02}.png", *size, world_to_camera))
    return tuple(cameras)
