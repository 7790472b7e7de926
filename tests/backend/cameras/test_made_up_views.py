"""Views made up for scenes built of rectangles, each of one surfel layer."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.cameras.made_up import make_up_views
from backend.cameras.made_up.surface import find_surface, is_lone
from backend.errors import BadInput
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.transform import transform
from backend.rendering import make_rasterizer

SPACING = 0.1
X, Y, Z = np.eye(3)
TURN = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
TURN *= np.sign(np.linalg.det(TURN))  # no axis of a scene is an axis of the frame


def rectangle(corner, u, v):
    """Points and a frame for each, evenly on a rectangle: the normal is the last axis."""
    u, v = np.asarray(u, float), np.asarray(v, float)
    steps = [max(round(np.linalg.norm(edge) / SPACING), 1) for edge in (u, v)]
    a, b = (g.ravel() for g in np.meshgrid(*((np.arange(n) + 0.5) / n for n in steps)))
    points = np.asarray(corner) + a[:, None] * u + b[:, None] * v
    frame = np.stack([u / np.linalg.norm(u), v / np.linalg.norm(v), np.cross(u, v)], axis=1)
    frame[:, 2] /= np.linalg.norm(frame[:, 2])
    return points, np.repeat(frame[None], len(points), axis=0)


def block(corner, size, without_bottom=True):
    """The faces of a box."""
    corner, edges = np.asarray(corner, float), np.diag(size).astype(float)
    x, y, z = edges
    faces = [(corner, x, z), (corner, y, z), (corner + y, x, z), (corner + x, y, z)]
    faces += [(corner + z, x, y)] + ([] if without_bottom else [(corner, x, y)])
    return [rectangle(*face) for face in faces]


def standing_free(piece, blocks):
    """A rectangle less what blocks stand on, which nobody could see."""
    points, frames = piece
    covered = [((points >= at) & (points <= np.add(at, size))).all(axis=1) for at, size in blocks]
    free = ~np.any(covered, axis=0)
    return points[free], frames[free]


def splat(pieces, floaters=()):
    """A cloud of surfels, z up, then turned so that no axis is the frame's."""
    points, frames = (np.concatenate(column) for column in zip(*pieces, strict=True))
    count = len(points)
    logs = np.tile(np.log([0.6 * SPACING, 0.6 * SPACING, 0.1 * SPACING]), (count, 1))
    if len(floaters):
        points = np.concatenate([points, floaters])
        frames = np.concatenate([frames, np.tile(np.eye(3), (len(floaters), 1, 1))])
        logs = np.concatenate([logs, np.full((len(floaters), 3), np.log(SPACING))])
    rng = np.random.default_rng(0)
    return GaussianCloud(
        means=(points @ TURN.T).astype(np.float32),
        quats=Rotation.from_matrix(TURN @ frames).as_quat(scalar_first=True).astype(np.float32),
        log_scales=logs.astype(np.float32),
        opacity_logits=np.full(len(points), 3.5, np.float32),
        sh=rng.normal(size=(len(points), 1, 3)).astype(np.float32),
    )


def room():
    """Five by four, two and a half high, closed, with a cupboard and two low tables in it."""
    shell = block((0, 0, 0), (5, 4, 2.5), without_bottom=False)
    corners, sizes = (
        ((0.8, 0.7, 0), (3.2, 2.4, 0), (3.4, 0.8, 0)),
        ((1, 0.8, 0.5), (1.1, 0.9, 0.4), (0.8, 0.5, 1.6)),
    )
    blocks = list(zip(corners, sizes, strict=True))
    shell = [standing_free(piece, blocks) for piece in shell]
    return splat(shell + [face for at, size in blocks for face in block(at, size)])


def tabletop():
    """A plate with four things on it and nothing below."""
    places = itertools.product((-1.1, 0.7), (-1.0, 0.6))
    sizes = ((0.5, 0.5, 0.9), (0.7, 0.4, 0.4), (0.3, 0.3, 1.2), (0.6, 0.6, 0.5))
    things = [block((*at, 0), size) for at, size in zip(places, sizes, strict=True)]
    return splat([rectangle((-2, -2, 0), 4 * X, 4 * Y), *itertools.chain(*things)])


def floor_under_floaters():
    """A floor with two blocks, and a sky of single Gaussians far apart."""
    rng = np.random.default_rng(1)
    floaters = rng.uniform((-6, -6, 2), (6, 6, 9), (150, 3))
    things = block((-1, -1, 0), (0.8, 0.8, 0.8)) + block((1, 0.5, 0), (0.6, 1, 0.5))
    return splat([rectangle((-3, -3, 0), 6 * X, 6 * Y), *things], floaters)


SCENES = {"room": room, "tabletop": tabletop, "floor": floor_under_floaters}


@pytest.fixture(scope="module", params=SCENES)
def made_up(request):
    """Name, cloud, its rasterizer, the cameras."""
    cloud = SCENES[request.param]()
    rasterizer = make_rasterizer(cloud, "cpu")
    return request.param, cloud, rasterizer, make_up_views(cloud, rasterizer)


def upright(name, cloud, camera):
    """Position and downward axis of a camera in the scene as it was built, z up."""
    return camera.position @ TURN, camera.world_to_camera[1, :3] @ TURN


def test_what_matters_is_seen_in_three_views(made_up):
    _, cloud, rasterizer, cameras = made_up
    seen = np.zeros(len(cloud), int)
    for camera in cameras:
        camera = camera.resized(320, 240)
        rows, columns = np.mgrid[:240, :320]
        traced = rasterizer.trace(camera, np.column_stack([columns.ravel(), rows.ravel()]))
        strong = traced.weights > 0.05  # and not what leaks through a wall
        seen += np.bincount(traced.gaussians[strong], traced.weights[strong], len(cloud)) > 0.5
    weights = find_surface(cloud, np.random.default_rng(0)).weights
    share = weights[seen >= 3].sum()
    assert share >= 0.95, share
    assert len(cameras) <= 64


def test_cameras_stand_where_a_person_would(made_up):
    name, cloud, rasterizer, cameras = made_up
    for camera in cameras:
        (x, y, z), down = upright(name, cloud, camera)
        assert z > -0.2  # never from beneath
        assert down[2] < 0.1  # and upright
        if name == "room":
            assert 0 < x < 5 and 0 < y < 4 and z < 2.5
        view = rasterizer.render(camera.resized(64, 48))
        assert (view.alpha > 0.5).mean() > 0.3
        assert np.quantile(view.depth[view.alpha > 0.5], 0.05) > 0.1


def test_distances(made_up):
    _, cloud, _, cameras = made_up
    centre = cloud.means.mean(axis=0)
    distances = [np.linalg.norm(camera.position - centre) for camera in cameras]
    assert max(distances) > 1.8 * min(distances)  # close-ups and overviews


@pytest.mark.usefixtures("few_candidates")
def test_same_cloud_same_views_and_as_many_as_asked_for():
    cloud = tabletop()
    rasterizer = make_rasterizer(cloud, "cpu")
    first, second = (make_up_views(cloud, rasterizer, 5) for _ in range(2))
    assert len(first) == 5
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.world_to_camera, other.world_to_camera)


@pytest.mark.usefixtures("few_candidates")
def test_a_thing_is_seen_from_outside_whatever_its_inside():
    """A closed box is all around a camera inside; its handles can be seen from outside only."""
    handles = block((-0.6, 0.3, 0.4), (0.6, 0.3, 0.3), False) + block((1, 1, 0.5), (0.5, 0.3, 0.4))
    cloud = splat(block((0, 0, 0), (1.5, 1.5, 1.5), without_bottom=False) + handles)
    for camera in make_up_views(cloud, make_rasterizer(cloud, "cpu"), 8):
        place = camera.position @ TURN
        assert ((place < 0) | (place > 1.5)).any()


def test_floaters_are_lone_and_walls_of_few_large_gaussians_are_not():
    rng = np.random.default_rng(0)
    fine = np.stack(np.meshgrid(np.arange(30), np.arange(30)), -1).reshape(-1, 2) * 0.01
    coarse = np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1).reshape(-1, 2) * 0.5 + 3
    means = np.concatenate([fine, coarse])
    means = np.concatenate([np.pad(means, ((0, 0), (0, 1))), rng.uniform(20, 90, (20, 3))])
    sizes = np.repeat([0.006, 0.3, 0.01], [900, 144, 20])
    np.testing.assert_array_equal(is_lone(means, sizes), np.arange(1064) >= 1044)


def test_a_scene_within_the_near_plane_is_refused_with_advice():
    cloud = transform(tabletop(), np.diag([0.003, 0.003, 0.003, 1]))
    with pytest.raises(BadInput, match="too small") as refused:
        make_up_views(cloud, make_rasterizer(cloud, "cpu"))
    assert "Scale it up" in refused.value.advice


@pytest.mark.filterwarnings("ignore:overflow encountered in exp")
def test_gaussians_larger_than_numbers_go_are_refused_with_advice():
    cloud = splat([rectangle((0, 0, 0), X, Y)])
    cloud.log_scales[:] = 100
    with pytest.raises(BadInput, match="absurdly large"):
        make_up_views(cloud, make_rasterizer(cloud, "cpu"))


def test_looking_for_floaters_tells_how_far_it_is(monkeypatch):
    """And so is stopped: of two million Gaussians it takes most of a minute."""
    monkeypatch.setattr("backend.cameras.made_up.surface.AT_ONCE", 100)
    told, means = [], np.random.default_rng(0).standard_t(2, (350, 3))
    lone = is_lone(means, np.zeros(350), lambda *words: told.append(words))
    assert told[1:] == [("Looking for floaters", k / 350) for k in (0, 100, 200, 300)]
    ninth = np.sort(np.linalg.norm(means[:, None] - means, axis=2), axis=1)[:, 8]
    np.testing.assert_array_equal(lone, ninth > 4 * np.median(ninth))
    assert lone.any()


@pytest.mark.usefixtures("few_candidates")
@pytest.mark.parametrize("count", [1, 3])
def test_a_cloud_of_next_to_nothing_is_seen_or_refused(count):
    cloud = tabletop().subset(np.arange(count))
    try:
        cameras = make_up_views(cloud, make_rasterizer(cloud, "cpu"), 4)
    except BadInput as error:
        assert "camera" in error.message
    else:
        assert 1 <= len(cameras) <= 4
