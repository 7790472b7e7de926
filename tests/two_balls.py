"""A scene of two balls, with cameras and masks: small enough to be trained on in seconds."""

import json
from pathlib import Path

import numpy as np

from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import write_ply

CENTRES = np.array([(-1.0, 0, 0), (1.0, 0, 0)])  # of the balls
RADIUS, WIDTH, HEIGHT, FOCAL = 0.5, 96, 72, 90.0
BALL = np.repeat([0, 1], 300)  # which one each Gaussian belongs to


def write_two_balls(folder: Path) -> Path:
    """Write the scene, its cameras and its masks; returns the path of the .ply."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(len(BALL), 3))
    points *= RADIUS / np.linalg.norm(points, axis=1, keepdims=True)
    cloud = GaussianCloud(
        means=(points + CENTRES[BALL]).astype(np.float32),
        quats=np.tile(np.float32([1, 0, 0, 0]), (len(BALL), 1)),
        log_scales=np.full((len(BALL), 3), np.log(0.06), np.float32),
        opacity_logits=np.full(len(BALL), 4, np.float32),
        sh=np.zeros((len(BALL), 1, 3), np.float32),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_ply(folder / "balls.ply", cloud)
    write_views(folder, folder / "balls.saga" / "masks")
    return folder / "balls.ply"


def write_views(folder: Path, masks: Path) -> None:
    """Fourteen cameras in front of the balls, and the masks they see: each ball, and both."""
    masks.mkdir(parents=True)
    columns, lines = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    cameras = []
    for k, angle in enumerate(np.linspace(-0.7, 0.7, 14)):
        c, s = np.cos(angle), np.sin(angle)
        camera_to_world = np.array([(c, 0, s), (0, 1, 0), (-s, 0, c)])
        position = camera_to_world @ (0, 0, -5)
        size = {"width": WIDTH, "height": HEIGHT, "fx": FOCAL, "fy": FOCAL}
        pose = {"position": position.tolist(), "rotation": camera_to_world.tolist()}
        cameras.append({"id": k, "img_name": f"{k}.png", **size, **pose})
        x, y, z = ((CENTRES - position) @ camera_to_world).T[:, :, None, None]
        across = (columns - WIDTH / 2) - FOCAL * x / z
        down = (lines - HEIGHT / 2) - FOCAL * y / z
        balls = np.hypot(across, down) < FOCAL * RADIUS / z
        seen = np.concatenate([balls, balls.any(axis=0, keepdims=True)])
        packed = {"masks": np.packbits(seen, axis=-1), "shape": np.array(seen.shape)}
        np.savez(masks / f"{k}.npz", **packed, predicted_iou=np.ones(3, np.float32))
    (folder / "cameras.json").write_text(json.dumps(cameras), encoding="utf-8")
