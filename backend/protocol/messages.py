"""Everything that the add-on and the engine say to each other, one dataclass each."""

from dataclasses import dataclass

import numpy as np

from ..errors import (
    BadInput,
    Cancelled,
    EngineFailure,
    MissingSoftware,
    NotEnoughMemory,
    NotTrained,
    SagaError,
)
from .copying import Bring, Brought, Keep, Kept

PROTOCOL_VERSION = 4


class ProtocolError(SagaError):
    """The other side does not speak this protocol."""

    code = "protocol"


# Requests


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
    threshold: float = 0.75  # in [-1, 1]: how similar a Gaussian must be to a clicked one
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
    scales: tuple[float, ...] = (0.7,)  # in [0, 1]; one finds whole objects, several also parts
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


# Replies


@dataclass(frozen=True)
class Welcome:
    """Answer to Hello."""

    protocol: int
    engine_version: str
    device: str  # as asked for: "auto" is settled by the first request, which loads torch


@dataclass(frozen=True)
class Progress:
    """Where a request is; may come any number of times before its answer."""

    stage: str
    fraction: float  # of the stage, in [0, 1]
    eta_s: float  # until the stage ends; -1 where it cannot be told yet
    memory_mb: float  # resident memory of the engine
    detail: str


@dataclass(frozen=True)
class Alive:
    """With id 0: the engine has not hung; over ssh, now and then, that the client is there."""


@dataclass(frozen=True)
class Trained:
    """Answer to Train."""

    model: str  # path of the saved field
    seconds: float
    gaussians: int
    views: int
    masks: int
    steps: int
    loss: float


@dataclass(frozen=True)
class Selected:
    """Answer to Select."""

    mask: np.ndarray  # uint8: np.packbits of the boolean [total]
    count: int
    total: int
    scale: float  # that was asked for, or found
    physical_scale: float  # what the scale means in the scene, scene units


@dataclass(frozen=True)
class Decomposed:
    """Answer to Decompose: K clusters at S scales, numbered through, the largest scale first."""

    scales: tuple[float, ...]  # as asked for, the largest first
    labels: np.ndarray  # int32 [S, N]: cluster of each Gaussian, -1 for none
    confidence: np.ndarray  # float32 [S, N]: cosine with the mean of the nearest cluster
    parents: np.ndarray  # int32 [K]: cluster that a part belongs to, -1 for a whole object
    names: tuple[str, ...]  # of each cluster: "Object 2", "Object 2.1", or "mug", "mug 2"
    colors: np.ndarray  # uint8 [K, 3] RGB, one for each cluster


@dataclass(frozen=True)
class Found:
    """Answer to Find: K things, the most relevant first; none when nothing is like the words."""

    scores: np.ndarray  # float32 [K]: relevancy, above 0.5 more like the words than like "object"
    masks: np.ndarray  # uint8 [K, ceil(total / 8)]: np.packbits of each one's Gaussians
    counts: np.ndarray  # int64 [K]
    total: int
    best: float  # relevancy of the best of all things, found or not
    things: int  # that were looked at


@dataclass(frozen=True)
class Described:
    """Answer to Info."""

    text: str
    facts: dict


@dataclass(frozen=True)
class Fetched:
    """Answer to Fetch."""

    path: str


@dataclass(frozen=True)
class ViewAdded:
    """Answer to AddView and ForgetViews."""

    views: int  # that are added to the scene now


@dataclass(frozen=True)
class Rendered:
    """Answer to Render."""

    image: np.ndarray  # uint8 [H, W, 3] RGB, top row first


@dataclass(frozen=True)
class Failed:
    """Answer to any request that could not be met."""

    code: str  # of the SagaError
    message: str
    advice: str
    offer: dict | None = None  # fields of the request, or the device, with which it would go


# What the engine itself answers.
Work = Train | Select | Decompose | Find | Info | Fetch | AddView | ForgetViews | Render
Copying = Keep | Bring
Request = Hello | Work | Copying | Cancel | Alive
Result = Trained | Selected | Decomposed | Found | Described | Fetched | ViewAdded | Rendered
Reply = Welcome | Alive | Progress | Result | Kept | Brought | Failed
Message = Request | Reply

_ERRORS = {
    cls.code: cls
    for cls in (
        BadInput,
        NotTrained,
        MissingSoftware,
        NotEnoughMemory,
        Cancelled,
        EngineFailure,
        ProtocolError,
    )
}


def failed(error: SagaError) -> Failed:
    """An expected failure as a message."""
    return Failed(error.code, error.message, error.advice, error.offer or None)


def error_of(reply: Failed) -> SagaError:
    """The exception that a failure was on the other side."""
    error = _ERRORS.get(reply.code, SagaError)(reply.message, reply.advice)
    error.code, error.offer = reply.code, reply.offer or {}
    return error
