"""The synthetic scene is what demo and figures are measured on: its truth must be true."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from backend.cameras.discover import find_views
from backend.gaussians.ply import read_ply
from backend.masks.store import MaskStore
from backend.rendering import make_rasterizer
from benchmarks.synthetic import make_scene, write_scene
from benchmarks.synthetic.surfaces import area, ball, box, lathe, sample, tube


@pytest.fixture(scope="module")
def scene():
    return make_scene(gaussians=15_000, views=3)


@pytest.fixture(scope="module")
def written(scene, tmp_path_factory):
    ply = tmp_path_factory.mktemp("scene") / "table.ply"
    return ply, write_scene(scene, ply)


@pytest.mark.parametrize(
    ("surface", "expected"),
    [
        (ball(2.0), 16 * np.pi),
        (lathe([(1.0, 0.0), (1.0, 3.0)]), 6 * np.pi),
        (tube([(0, 0, 0), (0, 0, 2)], 0.5), 2 * np.pi),
        (box(1.0, 2.0, 3.0)[0], 2.0),
    ],
)
def test_samples_cover_a_surface_evenly(surface, expected):
    assert area(surface) == pytest.approx(expected, rel=5e-3)
    spacing = 0.1
    samples = sample(surface, spacing)
    assert len(samples.points) * spacing**2 == pytest.approx(expected, rel=0.05)
    distances = np.linalg.norm(samples.points[:, None] - samples.points[None, :300], axis=-1)
    np.fill_diagonal(distances[:300], np.inf)
    assert distances.min(axis=0).max() < 1.2 * spacing


def test_surfaces_face_outwards():
    for surface in (ball(1.0), *(face for face in box(2, 2, 2)[1:])):
        samples = sample(surface, 0.2)
        from_axis = samples.points * [1, 1, 0]
        assert ((samples.normals * from_axis).sum(axis=1) > 0).all()


def test_same_seed_same_scene(scene):
    again = make_scene(gaussians=15_000, views=3)
    other = make_scene(gaussians=15_000, views=3, seed=1)
    assert np.array_equal(scene.cloud.quats, again.cloud.quats)
    assert not np.array_equal(scene.cloud.quats, other.cloud.quats)


@pytest.mark.parametrize(("kind", "objects"), [("tabletop", 14), ("room", 20), ("packed", 35)])
def test_every_part_is_there(kind, objects):
    scene = make_scene(kind, gaussians=30_000, views=12)
    assert 22_000 < len(scene.cloud) < 34_000  # twelve views see less than forty
    assert len(scene.object_names) == len(set(scene.object_names)) == objects
    assert (np.bincount(scene.part_labels) > 0).all()
    owners = [scene.object_names.index(name.split("/")[0]) for name in scene.part_names]
    assert np.array_equal(np.array(owners)[scene.part_labels], scene.object_labels)
    for group, members in scene.groups.items():
        assert len(scene.parts_of(group)) == sum(len(scene.parts_of(name)) for name in members)


def test_close_packed_things_touch():
    scene = make_scene("packed", gaussians=15_000, views=3)
    first, second = (
        scene.cloud.means[np.isin(scene.part_labels, scene.parts_of(name))]
        for name in ("bottle 2", "bottle 3")
    )
    nearest, _ = cKDTree(first).query(second)
    assert 0 < nearest.min() < 0.15  # the scene is 9 wide


def test_written_scene_reads_back(scene, written):
    ply, _ = written
    cloud = read_ply(ply).cloud
    assert np.array_equal(cloud.means, scene.cloud.means)
    assert np.array_equal(cloud.sh, scene.cloud.sh)
    for read, made in zip(find_views(ply), scene.cameras, strict=True):
        assert (read.name, read.width, read.height) == (made.name, made.width, made.height)
        np.testing.assert_allclose(read.world_to_camera, made.world_to_camera, atol=1e-12)
        np.testing.assert_allclose(read.K, made.K)
        assert read.image_path.is_file()


def test_part_maps_agree_with_what_is_in_front(scene, written):
    """Where one Gaussian makes up most of a pixel, the pixel shows the part it belongs to."""
    _, part_maps = written
    camera = scene.cameras[0]
    pixels = np.random.default_rng(0).integers(0, [camera.width, camera.height], (4000, 2))
    traced = make_rasterizer(scene.cloud, "cpu").trace(camera, pixels)
    pixel_of = np.repeat(np.arange(len(pixels)), np.diff(traced.offsets))
    ruling = traced.weights > 0.5
    shown = part_maps[0][pixels[:, 1], pixels[:, 0]][pixel_of[ruling]]
    assert ruling.sum() > 200
    assert np.array_equal(shown, scene.part_labels[traced.gaussians[ruling]])


def test_masks_nest(scene, written):
    """Objects are the union of their parts: masks of all granularities lie over each other."""
    ply, part_maps = written
    stored = MaskStore(ply.with_suffix(".saga") / "masks").read(scene.cameras[0].name).unpack()
    masks = {mask.tobytes() for mask in stored}
    assert len(masks) == len(stored)
    mug = np.isin(part_maps[0], scene.parts_of("mug"))
    handle = part_maps[0] == scene.part_names.index("mug/handle")
    assert mug.tobytes() in masks
    assert (handle & ~mug).sum() == 0
    assert handle.sum() < 30 or handle.tobytes() in masks
