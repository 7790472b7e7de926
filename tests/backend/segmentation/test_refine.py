"""Refinement by views that are small enough to count."""

import numpy as np
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.cameras.camera import Camera
from backend.rendering.rasterizer import RayContributions
from backend.segmentation.refine import pixels_over, refined, without_strays

TWO_FIFTHS, THREE_FIFTHS, ONE_PIXEL, UNSEEN, FOR, AGAINST = range(6)


def pixels(*contributions: dict[int, float]) -> RayContributions:
    """Pixels that show Gaussians with some weights."""
    counts = [len(shown) for shown in contributions]
    return RayContributions(
        np.concatenate([[0], np.cumsum(counts)]),
        np.array([gaussian for shown in contributions for gaussian in shown]),
        np.float32([weight for shown in contributions for weight in shown.values()]),
        np.ones(len(counts), np.float32),
    )


def test_a_gaussian_goes_where_most_of_what_it_shows_belongs():
    """Two Gaussians decide the pixels; by these the others are judged, if they are seen enough."""
    features = torch.zeros(6, 2)
    features[FOR, 0], features[AGAINST, 0] = 1, -1
    field = AffinityField(features, ScaleGate.opened(2), ScaleMap.fit(np.ones(1)))
    both = {TWO_FIFTHS: 0.3, THREE_FIFTHS: 0.3}
    for_it, against_it = both | {FOR: 0.4}, both | {AGAINST: 0.4}
    views = [
        pixels(for_it, for_it, against_it, against_it),
        pixels(*4 * [{THREE_FIFTHS: 0.3, FOR: 0.4}], *4 * [{TWO_FIFTHS: 0.3, AGAINST: 0.4}]),
        pixels({ONE_PIXEL: 0.5, FOR: 0.4}, {ONE_PIXEL: 0.5, FOR: 0.4}),
    ]
    before = np.isin(range(6), [TWO_FIFTHS, UNSEEN])
    after = refined(field, before, views, lambda pixels: pixels.features[:, 0].numpy() > 0)
    assert np.flatnonzero(after).tolist() == [THREE_FIFTHS, UNSEEN, FOR]


def test_views_that_have_nearly_all_of_it_in_the_picture_are_asked():
    """Ten points in a row, one a pixel; the cameras look ever farther to the right."""
    points = np.array([(x + 0.5, 0.5, 1.0) for x in range(10)])
    cameras = []
    for missed in (0, 1, 2, 10):
        world_to_camera = np.eye(4)
        world_to_camera[0, 3] = -missed
        cameras.append(Camera(f"{missed} missed", 10, 2, 1.0, 1.0, 0.0, 0.0, world_to_camera))
    chosen = pixels_over(cameras, points)
    assert [camera.name for camera, _ in chosen] == ["0 missed", "1 missed"]
    assert chosen[1][1].tolist() == [[column, 0] for column in range(9)]
    assert pixels_over(cameras[3:], points) == []


def test_what_is_merely_sparser_than_the_rest_is_no_stray():
    """Of two rings one has half as many points, twice as far apart; one point is alone."""
    dense, sparse = (np.linspace(0, 2 * np.pi, count, endpoint=False) for count in (80, 40))
    angles = np.concatenate([dense, sparse])
    rings = np.column_stack([np.cos(angles), np.sin(angles), 9.0 * (np.arange(120) < 80)])
    assert without_strays(np.ones(120, bool), rings).all()
    kept = without_strays(np.ones(121, bool), np.append(rings, [[0, 0, 30]], axis=0))
    assert np.flatnonzero(~kept).tolist() == [120]
