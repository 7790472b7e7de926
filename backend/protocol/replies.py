"""What the engine says to the add-on, one dataclass each."""

from dataclasses import dataclass

import numpy as np


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

    scales: tuple[float, ...]  # of those asked for, at which there are several; the largest first
    labels: np.ndarray  # int32 [S, N]: cluster of each Gaussian, -1 for none
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
