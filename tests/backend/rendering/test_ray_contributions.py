import numpy as np

from backend.rendering.rasterizer import RayContributions


def test_take_keeps_order_and_repeats():
    traced = RayContributions(
        offsets=np.array([0, 2, 2, 3]),
        gaussians=np.array([7, 8, 9], np.int32),
        weights=np.array([0.5, 0.25, 1.0], np.float32),
        depth=np.array([1.0, 0.0, 3.0], np.float32),
    )
    taken = traced.take(np.array([2, 0, 1, 2]))
    assert taken.offsets.tolist() == [0, 1, 3, 3, 4]
    assert taken.gaussians.tolist() == [9, 7, 8, 9]
    assert taken.weights.tolist() == [1.0, 0.5, 0.25, 1.0]
    assert taken.depth.tolist() == [3.0, 1.0, 0.0, 3.0]


def test_take_of_nothing():
    nothing = RayContributions(np.zeros(1, np.int64), np.empty(0, np.int32), *np.empty((2, 0)))
    assert len(nothing.take(np.array([], int))) == 0
