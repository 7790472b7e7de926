"""What is set for one .blend: how to train, and how to select."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from .clicks import asked_by, clicking
from .found import stored_hits
from .translations import OURS

WHOLE_OBJECTS = 0.5  # the scale at which most scenes fall into whole things
PARTS = 0.1  # and at which those fall into their parts
_BESIDE_THE_BLEND = {"ANIMATABLE", "PATH_SUPPORTS_BLEND_RELATIVE"}  # a path may start with //


def scale_property(default: float = 0.5, name: str = "Scale", **more) -> FloatProperty:
    """How large the things are that are meant."""
    return FloatProperty(
        **more,
        name=name,
        description=(
            "Size of the thing you want: 0 for the smallest parts, such as a handle, "
            "1 for the largest objects"
        ),
        min=0.0,
        max=1.0,
        default=default,
        translation_context=OURS,
    )


def levels_property() -> IntProperty:
    """How finely a scene is taken apart."""
    return IntProperty(
        name="Levels",
        description=(
            "1 finds objects only, 2 their parts too, more the levels in between, "
            "at scales from Object Scale down to Part Scale"
        ),
        min=1,
        max=8,
        default=1,
    )


def threshold_property(**more) -> FloatProperty:
    """How strictly a click is meant."""
    return FloatProperty(
        **more,
        name="Threshold",
        description=(
            "How surely a Gaussian must belong to the clicked thing: "
            "lower selects more, higher selects less"
        ),
        min=-1.0,
        max=1.0,
        soft_min=0.0,
        default=0.75,
    )


def automatic_property(**more) -> BoolProperty:
    """Whether the engine finds the scale."""
    return BoolProperty(
        **more,
        name="Automatic Scale",
        description=(
            "Let the engine find the scale of what is clicked; the slider rests meanwhile"
        ),
    )


def connected_property(**more) -> BoolProperty:
    """Whether things of the same kind elsewhere stay out."""
    return BoolProperty(
        **more,
        name="Only Connected",
        description="Select only what hangs together in space with what is clicked",
    )


def operation_property() -> EnumProperty:
    """What becomes of the selection when something was found."""
    return EnumProperty(
        name="Operation",
        description="What becomes of what was selected before",
        items=[
            ("SET", "Set", "Only what was found is selected"),
            ("ADD", "Add", "What was found is selected too"),
            ("SUBTRACT", "Subtract", "What was found is no longer selected"),
            ("INTERSECT", "Intersect", "Only that stays selected which was found"),
        ],
        options={"SKIP_SAVE"},
    )


def _search(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """What Enter in the text field does, and leaving it: an answer that is there is not asked for.

    An empty field asks nothing.
    """
    text, floor, model = settings.find_text, settings.find_floor, settings.text_model
    if not text.strip() or not bpy.ops.saga.find.poll():
        return
    hits = stored_hits(context.object.data)
    if hits is None or (hits.text, hits.floor, hits.model) != (text, floor, model):
        bpy.ops.saga.find(text=text, floor=floor)


def floor_property() -> FloatProperty:
    """What finding by name calls nothing."""
    return FloatProperty(
        name="Floor",
        description=(
            "How well the words must fit a thing, for it to be found: "
            'above 0.5 they fit it better than the word "object" does'
        ),
        min=0.0,
        max=1.0,
        default=0.5,
        translation_context=OURS,
    )


def through_property() -> BoolProperty:
    """Whether a box or a brush goes through."""
    return BoolProperty(
        name="Through",
        description=(
            "Take everything under the box or the brush, also what is hidden; "
            "else only the surface that is seen"
        ),
    )


def drag_property() -> EnumProperty:
    """What dragging draws with the select tool."""
    return EnumProperty(
        name="Drag",
        description="How dragging points at a thing; a click always means what is under the mouse",
        items=[
            ("BOX", "Drag a Box", "Drag a box around the thing: its scale is found too"),
            ("SCRIBBLE", "Drag a Stroke", "Draw a stroke over the thing, across all its parts"),
        ],
    )


def radius_property() -> FloatProperty:
    """How wide a brush paints."""
    return FloatProperty(
        name="Radius",
        description="How far around the mouse the brush paints, in pixels",
        subtype="PIXEL",
        default=25.0,
        min=1.0,
        max=1000.0,
        soft_max=200.0,
        precision=0,
    )


class SagaSettings(bpy.types.PropertyGroup):
    """Settings of a scene, `scene.saga`"""

    views: StringProperty(
        name="Views",
        description=(
            "The cameras of the photographs: a COLMAP folder or a cameras.json. "
            "Empty: looked for beside the splat"
        ),
        subtype="FILE_PATH",
        options=_BESIDE_THE_BLEND,
    )
    masks: StringProperty(
        name="Masks",
        description="Folder with the masks of the views. Empty: the work folder beside the splat",
        subtype="DIR_PATH",
        options=_BESIDE_THE_BLEND,
    )
    sam_checkpoint: StringProperty(
        name="SAM Weights",
        description=(
            "Weights of Segment Anything or MobileSAM, which make the masks that are missing. "
            "Empty: only masks that are already there are used"
        ),
        subtype="FILE_PATH",
        options=_BESIDE_THE_BLEND,
    )
    recipe: EnumProperty(
        name="Recipe",
        description="How thoroughly to train",
        translation_context=OURS,
        items=[
            ("fast", "Fast", "Minutes: starts from what is masked together in many views"),
            ("paper", "Paper", "As the SAGA paper trains: a random start and 10,000 steps"),
        ],
    )
    steps: IntProperty(
        name="Steps",
        description="Length of the training. 0: as many steps as the recipe has",
        min=0,
        soft_max=10_000,
    )
    max_views: IntProperty(
        name="Most Views",
        description="Train on no more than this many of the views, spread over the scene, which "
        "takes less memory and time. 0: on all",
        min=0,
        soft_max=500,
    )
    cluster_scale: scale_property(WHOLE_OBJECTS, "Object Scale")
    part_scale: scale_property(PARTS, "Part Scale")
    levels: levels_property()
    text_model: StringProperty(
        name="Text Model",
        description=(
            "The text-image model that finds by name, and names what Decompose Scene finds: a "
            "file or folder of weights, or the name of a model of open_clip whose weights are on "
            "this computer. Empty: ViT-B-16 finds, and what is decomposed is numbered"
        ),
        subtype="FILE_PATH",
        options=_BESIDE_THE_BLEND,
    )
    find_text: StringProperty(
        name="Find",
        description="What you look for, in a few English words, such as: the red mug. Press Enter",
        update=_search,
    )
    find_floor: floor_property()
    show_splats: BoolProperty(
        name="Show Splats",
        description=(
            "Draw Gaussian splats in the 3D viewport as they look: points while the view moves, "
            "soft ellipses when it rests"
        ),
        default=True,
    )


def _ask_again(settings, _context) -> None:
    clicking.ask_again(asked_by(settings))


def _go_on_from_what_was_found(settings, context) -> None:
    """The slider starts where the automatic scale left it."""
    last = clicking.standing()
    if last and not settings.automatic:
        settings.scale = last.scale
    _ask_again(settings, context)


class SelectSettings(bpy.types.PropertyGroup):
    """How to select, `workspace.saga`: there, moving a slider is no step to undo of its own"""

    scale: scale_property(update=_ask_again)
    automatic: automatic_property(default=True, update=_go_on_from_what_was_found)
    threshold: threshold_property(update=_ask_again)
    connected: connected_property(update=_ask_again)
    drag: drag_property()
    through: through_property()
    radius: radius_property()
