"""An order of views whose every beginning shows the scene from all around."""

from collections.abc import Sequence

import numpy as np

from .camera import Camera


def spread_out(cameras: Sequence[Camera], count: int | None = None) -> list[Camera]:
    """The views in an order whose every beginning is spread out, or so many of them.

    Each next view is the one farthest from all before it, in position and
    direction of view.
    """
    count = len(cameras) if count is None else min(count, len(cameras))
    if not count:
        return []
    positions = np.array([camera.position for camera in cameras])
    directions = np.array([camera.world_to_camera[2, :3] for camera in cameras])
    extent = np.linalg.norm(positions - positions.mean(axis=0), axis=1).max()
    places = np.hstack([positions / (extent or 1.0), directions])
    order = [0]
    distance = np.full(len(cameras), np.inf)
    while len(order) < count:
        distance = np.minimum(distance, np.linalg.norm(places - places[order[-1]], axis=1))
        distance[order[-1]] = -1.0  # done, also where others stand at the same place
        order.append(int(distance.argmax()))
    return [cameras[index] for index in order]
