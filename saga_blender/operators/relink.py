"""Find File: a splat file that was moved is told of again."""

from pathlib import Path

import bpy
import numpy as np
from bpy.props import StringProperty
from bpy_extras.io_utils import ImportHelper

from ...backend.errors import BadInput, SagaError
from ...backend.gaussians.cloud import GaussianCloud
from ...backend.gaussians.ply import read_ply
from .. import point_cloud
from ..scene_file import why_not_imported
from ..splat_object import BASE, SOURCE, TOTAL, scene_index
from ..translations import said
from .explained import Explained, why_not_edit
from .telling import tell

_ROUNDING = 1e-4  # of a colour, by whoever has written the file anew


class Relink(Explained, bpy.types.Operator, ImportHelper):
    """Say where the splat's file is now; what was trained is looked for beside it"""

    bl_idname = "saga.relink"
    bl_label = "Find File"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".ply"
    filter_glob: StringProperty(default="*.ply", options={"HIDDEN"})

    @classmethod
    def obstacle(cls, context) -> str:
        return why_not_imported(context.object) or why_not_edit(context.object)

    def execute(self, context):
        path = Path(self.filepath).absolute()
        try:
            moved = relink(context.object.data, path)
        except SagaError as error:
            self.report({"ERROR"}, f"{path.name}: {error}")
            return {"CANCELLED"}
        tell(self, said("{name} is found again, for {moved} objects.", name=path.name, moved=moved))
        return {"FINISHED"}


def relink(data: bpy.types.PointCloud, path: Path) -> int:
    """Note where the file of a splat, and of all parts of the same scene, is now.

    Returns:
        How many point clouds have followed.

    Raises:
        BadInput: it cannot be read, or is another splat; nothing has changed then.
    """
    cloud = read_ply(path).cloud
    advice = "Choose the file that was imported, or import this one."
    if len(cloud) != data[TOTAL]:
        raise BadInput(
            f"It has {len(cloud):,} Gaussians, the one that was imported had {data[TOTAL]:,}.",
            advice,
        )
    if not _has_colors_of(cloud, data):
        raise BadInput("Its colours are not those of the splat that was imported.", advice)
    former = data[SOURCE]
    followers = [p for p in bpy.data.pointclouds if p.get(SOURCE) == former and p.is_editable]
    for follower in followers:
        follower[SOURCE] = str(path)
    return len(followers)


def _has_colors_of(cloud: GaussianCloud, data: bpy.types.PointCloud) -> bool:
    """Whether most points have the colour of their Gaussian in a scene; some may be painted over.

    Of all that is kept, no move or turn of the splat changes it.
    """
    index = scene_index(data)
    known = index >= 0
    here = point_cloud.read(data.attributes[BASE])[known, :3]
    alike = np.isclose(here, cloud.sh[index[known], 0], atol=_ROUNDING).all(axis=1)
    return not known.any() or alike.mean() > 0.5
