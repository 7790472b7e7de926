"""Panoramas as views: each is cut into the six faces of a cube, which are pinholes."""

from dataclasses import replace

import numpy as np

from .camera import Camera
from .lens import Panorama
from .photographs import without_image_suffix

FACES = {
    "front": Panorama(0, 0),
    "right": Panorama(90, 0),
    "back": Panorama(180, 0),
    "left": Panorama(270, 0),
    "up": Panorama(0, 90),
    "down": Panorama(0, -90),
}


def cut_panoramas(cameras: list[Camera]) -> list[Camera]:
    """The views, and in the place of each panorama its faces: "NAME/front.png" and so on."""
    return [
        view
        for camera in cameras
        for view in (_faces(camera) if isinstance(camera.lens, Panorama) else [camera])
    ]


def _faces(camera: Camera) -> list[Camera]:
    side = max(round(camera.width / 4), 1)
    square = dict.fromkeys(("width", "height"), side)
    square |= dict.fromkeys(("fx", "fy", "cx", "cy"), side / 2)
    stem = without_image_suffix(camera.name)
    return [
        replace(
            camera,
            name=f"{stem}/{name}.png",
            **square,
            world_to_camera=_turned(camera.world_to_camera, face.rotation),
            lens=face,
        )
        for name, face in FACES.items()
    ]


def _turned(world_to_camera: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """The same place, looking along the z axis of a rotation [3, 3] in the camera's frame."""
    turn = np.eye(4)
    turn[:3, :3] = rotation.T
    return turn @ world_to_camera
