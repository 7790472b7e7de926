"""Pictures of where the made-up views are taken from, and of what they show.

`make pictures` runs it. Two synthetic scenes and a real one, each from aside and from above, every
camera as a small pyramid that opens towards what it sees: docs/made_up_cameras.jpg. The views of
each that were chosen first: docs/made_up_views.jpg.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from backend.cameras.camera import Camera
from backend.cameras.made_up import make_up_views
from backend.cameras.made_up.candidates import aimed
from backend.cameras.made_up.surface import Surface, find_surface
from backend.command_line.progress_bar import ProgressBar
from backend.gaussians.cloud import GaussianCloud
from backend.gaussians.ply import read_ply
from backend.rendering import make_rasterizer
from backend.rendering.rasterizer import Rasterizer

from .pictures import on_background, save, sheet
from .real import DATA, splat_of
from .synthetic import make_scene

FAR = 40.0  # core radii from which the scene is looked at
FILLED = 0.92  # share of the picture
SHOWN = 2.0  # core radii; what lies farther out would stand in front
PYRAMID = 0.18  # core radii from a camera to the base of its pyramid
PICTURE = (240, 180)  # pixels of a view in the sheet
FIRST = 12  # views of each scene in it
COLOR = (214, 60, 20)
ELEVATIONS = {"from aside": 18.0, "from above": 80.0}  # degrees above the horizon


def overview(points: np.ndarray, surface: Surface, places: np.ndarray, elevation: float) -> Camera:
    """A camera far away that has all points [P, 3] in its picture, on the side of most cameras."""
    side = places.mean(axis=0) - surface.centre
    level = side - (side @ surface.up) * surface.up
    level /= np.linalg.norm(level)
    angle = np.radians(elevation)
    away = np.cos(angle) * level + np.sin(angle) * surface.up
    eye = aimed(surface.centre + FAR * surface.radius * away, surface.centre, surface.up)
    seen = eye.to_frame(points)
    low, high = np.quantile(seen[:, :2] / seen[:, 2:], [0, 1], axis=0)
    size = np.array([eye.width, eye.height])
    focal = float((FILLED * size / (high - low)).min())
    cx, cy = size / 2 - focal * (low + high) / 2
    return replace(eye, fx=focal, fy=focal, cx=cx, cy=cy)


def with_pyramids(
    image: np.ndarray, eye: Camera, cameras: Sequence[Camera], depth: float
) -> np.ndarray:
    """The picture [H, W, 3] uint8 of an overview with every camera drawn into it."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    for camera in cameras:
        right, bottom = camera.width - 1, camera.height - 1
        corners = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]])
        points = np.vstack([camera.position, camera.unproject(corners, np.full(4, depth))])
        apex, *base = map(tuple, eye.project(points))
        draw.line([*base, base[0]], fill=COLOR, width=2)
        for corner in base:
            draw.line([apex, corner], fill=COLOR, width=1)
    return np.asarray(picture)


def from_afar(
    name: str, cloud: GaussianCloud, cameras: Sequence[Camera]
) -> list[tuple[str, np.ndarray]]:
    """A scene and its cameras, from aside and from above."""
    surface = find_surface(cloud, np.random.default_rng(0))
    near = np.linalg.norm(cloud.means - surface.centre, axis=1) < SHOWN * surface.radius
    drawn = np.flatnonzero(near & (surface.weights > 0))
    part = make_rasterizer(cloud.subset(drawn), "cpu")
    places = np.array([camera.position for camera in cameras])
    points = np.vstack([places, cloud.means[drawn]])
    titled = []
    for title, elevation in ELEVATIONS.items():
        eye = overview(points, surface, places, elevation)
        view = part.render(eye)
        image = on_background(view.values, view.alpha)
        picture = with_pyramids(image, eye, cameras, PYRAMID * surface.radius)
        titled.append((f"{name} {title}, {len(cameras)} views", picture))
    return titled


def through(
    name: str, rasterizer: Rasterizer, cameras: Sequence[Camera]
) -> list[tuple[str, np.ndarray]]:
    """What cameras show."""
    drawn = (rasterizer.render(camera.resized(*PICTURE)) for camera in cameras)
    return [
        (f"{name} {index}", on_background(view.values, view.alpha))
        for index, view in enumerate(drawn)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", default="kitchen", help="a real scene of the shared data")
    parser.add_argument("--gaussians", type=int, default=15_000, help="of a synthetic scene")
    parser.add_argument("--folder", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    real = splat_of(DATA / "scenes" / arguments.real)
    clouds = {name: make_scene(name, arguments.gaussians).cloud for name in ("room", "tabletop")}
    clouds[arguments.real] = read_ply(real).cloud
    cameras_in, views = [], []
    for name, cloud in clouds.items():
        rasterizer = make_rasterizer(cloud, "cpu")
        with ProgressBar() as report:
            cameras = make_up_views(cloud, rasterizer, report=report)
        cameras_in += from_afar(name, cloud, cameras)
        views += through(name, rasterizer, cameras[:FIRST])
    save(sheet(cameras_in, columns=2), arguments.folder / "made_up_cameras.jpg")
    save(sheet(views, columns=6), arguments.folder / "made_up_views.jpg")


if __name__ == "__main__":
    main()
