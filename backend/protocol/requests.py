"""What the add-on asks the engine, one dataclass each."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hello:
    """The first message of a client."""

    protocol: int
    client: str  # name and version, for the log


@dataclass(frozen=True)
class Train:
    """Train affinity features for a scene. Answer: Trained."""

    scene: str  # path of the .ply
    views: str = ""  # path of the cameras; "" finds them beside the scene
    masks: str = ""  # folder of a mask store or of label images; "" is the scene's work folder
    sam_checkpoint: str = ""  # makes the masks that are missing
    recipe: str = "fast"  # or "paper"
    steps: int = 0  # 0 is the recipe's own number
    seed: int = 0
    max_mask_minutes: float = 0.0  # stop making masks after this long; 0 makes all
    made_up_views: int = 0  # train on this many made-up views; 0 only where there are no cameras
    max_views: int = 0  # train on no more than this many of the views, spread out; 0 on all


@dataclass(frozen=True)
class Eye:
    """Where a picture is seen from that no file knows, such as that of a viewport."""

    position: tuple[float, float, float]  # in the scene's frame
    quat: tuple[float, float, float, float]  # wxyz, scene to camera (OpenCV axes)
    focal: float  # pixels
    size: tuple[int, int]  # width, height
    centre: tuple[float, float] | None = None  # the pixel it looks along; None is in the middle


@dataclass(frozen=True)
class Click:
    """One more click of a Select, by a pixel of a view or by a ray."""

    wanted: bool = True  # False: what is clicked does not belong to the thing
    view: str = ""
    pixel: tuple[float, float] | None = None
    ray_origin: tuple[float, float, float] | None = None
    ray_direction: tuple[float, float, float] | None = None
    pixel_angle: float = 0.001


@dataclass(frozen=True)
class Select:
    """Select what is pointed at: by a pixel or a box in a view, or by a ray. Answer: Selected."""

    scene: str
    view: str = ""
    views: str = ""
    pixel: tuple[float, float] | None = None  # (x, y), the first pixel's centre at (0.5, 0.5)
    ray_origin: tuple[float, float, float] | None = None  # in the scene's frame
    ray_direction: tuple[float, float, float] | None = None
    pixel_angle: float = 0.001  # radians that a pixel of the clicked picture is wide
    box: tuple[float, float, float, float] | None = None  # left, top, right, bottom: what fills it
    eye: Eye | None = None  # in whose picture the box is; None: in the view
    clicks: tuple[Click, ...] = ()  # further ones, on the thing or beside it
    scale: float | None = 0.5  # in [0, 1]: smallest part to largest group; None finds one
    step: int = 0  # from that scale to the next larger (1) or smaller (-1) thing, or further
    threshold: float = 0.75  # in [-1, 1]: how surely a Gaussian must belong to what is clicked
    margin: float = 0.0  # in [-2, 2]: how much more similar than to one clicked as unwanted
    wanted_wins: bool = False  # clicks as unwanted count only if one is on another thing
    connected: bool = False  # only what hangs together in space with what is clicked
    without_strays: bool = False  # leave out what lies far from all else that is selected
    refine: bool = False  # let a few views vote on what straddles the boundary; takes seconds
    subset: np.ndarray | None = None  # int32 [M]: the Gaussians that are still there; None is all


@dataclass(frozen=True)
class Decompose:
    """Group the Gaussians of a scene into objects, at each of some scales. Answer: Decomposed."""

    scene: str
    scales: tuple[float, ...] = (0.5,)  # in [0, 1]; one finds whole objects, several also parts
    name_with: str | None = None  # a text-image model, as in Find, that names them; None: no names
    views: str = ""  # as in Train, for the naming
    masks: str = ""  # as in Train, for the naming
    subset: np.ndarray | None = None  # int32 [M]: the Gaussians that are still there; None is all


@dataclass(frozen=True)
class Find:
    """Find things by what they are called. Answer: Found."""

    scene: str
    text: str  # a few words: "the bulldozer"
    model: str = ""  # name or path of a text-image model; "" is the default one
    views: str = ""  # as in Train
    masks: str = ""  # as in Train
    most: int = 5  # things that are answered, the best first
    floor: float = 0.5  # in [0, 1]: relevancy below which a thing is not meant
    subset: np.ndarray | None = None  # int32 [M]: the Gaussians that are still there; None is all


@dataclass(frozen=True)
class Info:
    """Ask what is known of a scene. Answer: Described."""

    scene: str


@dataclass(frozen=True)
class Fetch:
    """Download weights of another's model, unless they are there. Answer: Fetched."""

    weights: str  # a name of backend.weights.catalog
    folder: str  # to keep them in


@dataclass(frozen=True)
class AddView:
    """Keep a view of a scene, to be trained on besides all others. Answer: ViewAdded."""

    scene: str
    eye: Eye


@dataclass(frozen=True)
class ForgetViews:
    """Forget the views that were added to a scene. Answer: ViewAdded, of none."""

    scene: str


@dataclass(frozen=True)
class Render:
    """Draw a view. Answer: Rendered."""

    scene: str
    view: str
    views: str = ""
    what: str = "color"  # or depth, alpha, features, selection
    selection: np.ndarray | None = None  # bool [N]
    size: tuple[int, int] | None = None  # (width, height); None is the view's own


@dataclass(frozen=True)
class Cancel:
    """Stop a request, which then fails with the code "cancelled". Has no answer of its own."""

    request: int
