"""Places where a camera could stand, and where it would look from there."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...gaussians.directions import fibonacci
from ..camera import Camera, look_at
from .surface import Surface

SIZE = (800, 600)  # pixels of the pictures
FIELD_OF_VIEW = np.radians(60)  # horizontal
DISTANCES = (0.4, 0.8, 1.6, 2.6)  # core radii from what is looked at: close-up to overview
NEAREST = 0.12  # core radii that a camera keeps from everything
PROBES = fibonacci(64)
ENCLOSED = 0.7  # share of the directions in which an enclosed place meets a surface


@dataclass(frozen=True)
class Candidate:
    """A view that might be chosen."""

    camera: Camera
    enclosed: bool  # there are surfaces all around it, as in a room, or inside of a thing


def propose(surface: Surface, aims: np.ndarray, rng: np.random.Generator) -> list[Candidate]:
    """Cameras that look at aims [A, 3] from free places above the ground and in plain sight.

    Args:
        surface: of the scene.
        aims: points on it.
        rng: draws a direction and a distance for each aim.
    """
    directions = rng.normal(size=aims.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = rng.choice(DISTANCES, len(aims)) * rng.uniform(0.8, 1.2, len(aims)) * surface.radius
    places = aims + distances[:, None] * directions
    free = cKDTree(surface.points).query(places)[0] > NEAREST * surface.radius
    free &= places @ surface.up > surface.ground
    places, aims, distances = places[free], aims[free], distances[free]
    towards = (aims - places) / distances[:, None]
    clear = np.isinf(surface.first_hits(places, towards, distances - 2.5 * surface.cell))
    places, aims = places[clear], aims[clear]
    enclosed = enclosure(surface, places) >= ENCLOSED
    cameras = (aimed(place, aim, surface.up) for place, aim in zip(places, aims, strict=True))
    return [Candidate(*pair) for pair in zip(cameras, enclosed.tolist(), strict=True)]


def enclosure(surface: Surface, places: np.ndarray) -> np.ndarray:
    """The share of directions in which each of places [R, 3] meets a surface, [R]."""
    origins = np.repeat(places, len(PROBES), axis=0)
    directions = np.tile(PROBES, (len(places), 1))
    reach = np.linalg.norm(origins - surface.centre, axis=1)
    reach += np.linalg.norm(np.array(surface.solid.shape)) * surface.cell
    hits = np.isfinite(surface.first_hits(origins, directions, reach))
    return hits.reshape(len(places), len(PROBES)).mean(axis=1)


def aimed(place: np.ndarray, aim: np.ndarray, up: np.ndarray) -> Camera:
    """A camera, not yet named, that looks from a place to an aim with the horizon level."""
    width, height = SIZE
    focal = width / 2 / np.tan(FIELD_OF_VIEW / 2)
    world_to_camera = look_at(place, aim - place, up)
    return Camera("", width, height, focal, focal, width / 2, height / 2, world_to_camera)
