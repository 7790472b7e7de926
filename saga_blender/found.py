"""What was last found by name, kept with the splat: bit k of a point attribute is hit k."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from . import point_cloud

HITS = "saga:found"
LISTED = "saga_found"  # custom property of the data
MOST = 8


@dataclass(frozen=True)
class Hits:
    """The answer to one question."""

    text: str
    floor: float  # that a score had to reach
    scores: tuple[float, ...] = ()  # of each hit, the best first
    model: str = ""  # the text model, as the scene's settings name it


def store_hits(pointcloud: bpy.types.PointCloud, hits: Hits, masks: Sequence[np.ndarray]) -> None:
    """Keep up to `MOST` hits in place of the former ones; masks are boolean [N] each."""
    bits = np.zeros(len(pointcloud.points), np.int32)
    for k, mask in enumerate(masks):
        bits |= mask.astype(np.int32) << k
    point_cloud.write(pointcloud, HITS, "INT", bits)
    pointcloud[LISTED] = json.dumps(vars(hits))
    pointcloud.update_tag()


def stored_hits(pointcloud: bpy.types.PointCloud) -> Hits | None:
    """What was last found, None before anything was looked for."""
    if LISTED not in pointcloud or HITS not in pointcloud.attributes:
        return None
    listed = json.loads(pointcloud[LISTED])
    scores, model = tuple(listed["scores"]), listed.get("model", "")
    return Hits(listed["text"], listed.get("floor", 0.0), scores, model)


def forget_hits(pointcloud: bpy.types.PointCloud) -> None:
    """Nothing was looked for."""
    point_cloud.remove(pointcloud, HITS)
    pointcloud.pop(LISTED, None)


def points_of(pointcloud: bpy.types.PointCloud, hit: int) -> np.ndarray:
    """The points of one of the stored hits, boolean [N]."""
    return point_cloud.read(pointcloud.attributes[HITS]) & (1 << hit) != 0


def counts_of(pointcloud: bpy.types.PointCloud) -> list[int]:
    """How many points each of the stored hits has here: a split may have left it none."""
    bits = point_cloud.read(pointcloud.attributes[HITS])
    points = np.bincount(bits.astype(np.uint8), minlength=1 << MOST)  # of each set of hits
    members = np.arange(1 << MOST)[:, None] >> np.arange(MOST) & 1
    return (points @ members)[: len(stored_hits(pointcloud).scores)].tolist()
