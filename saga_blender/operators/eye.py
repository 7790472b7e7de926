"""Operators that are told where a picture is seen from."""

import bpy
from bpy.props import FloatProperty, FloatVectorProperty, IntVectorProperty

from ...backend import protocol
from ..viewport import bounding_sphere, viewpoint


class SeenFrom:
    """Mixin: an eye as properties, which a viewport can fill in."""

    position: FloatVectorProperty(
        name="From",
        description="Where the eye is, in the world",
        options={"SKIP_SAVE"},
    )
    rotation: FloatVectorProperty(
        name="Rotation",
        description="From the axes of the world to the camera's: x right, y down, z forward",
        size=4,
        default=(1, 0, 0, 0),
        options={"SKIP_SAVE"},
    )
    focal: FloatProperty(
        name="Focal Length",
        description="Of the camera, in pixels",
        default=800,
        min=1,
        options={"SKIP_SAVE"},
    )
    size: IntVectorProperty(
        name="Size",
        description="Of the picture, in pixels",
        size=2,
        default=(800, 600),
        min=1,
        options={"SKIP_SAVE"},
    )
    centre: FloatVectorProperty(
        name="Centre",
        description="The pixel that the eye looks along, from the upper left corner",
        size=2,
        default=(400, 300),
        options={"SKIP_SAVE"},
    )

    def look_as(self, region: bpy.types.Region, rv3d: bpy.types.RegionView3D, obj) -> None:
        """Look at a splat as a 3D viewport does."""
        eye = viewpoint(region, rv3d, *bounding_sphere(obj))
        self.position, self.rotation, self.focal = eye.position, eye.quat, eye.focal
        self.size, self.centre = eye.size, eye.centre

    @property
    def eye(self) -> protocol.Eye:
        """In the world frame."""
        return protocol.Eye(
            tuple(self.position),
            tuple(self.rotation),
            self.focal,
            tuple(self.size),
            tuple(self.centre),
        )
