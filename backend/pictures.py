"""Pictures of a scene for people: colour, depth, alpha, features, a selection."""

import numpy as np

from .cameras.camera import Camera
from .cameras.photographs import load_photograph
from .errors import BadInput
from .scene import Scene

SELECTED = np.array([1.0, 0.45, 0.05], np.float32)  # RGB of the selection's tint
GREY = np.float32(0.5)  # of what is empty in a picture that stands in for a photograph


def draw(
    scene: Scene, camera: Camera, what: str, selection: np.ndarray | None = None
) -> np.ndarray:
    """Render one view for looking at.

    Args:
        scene: opened.
        camera: the view.
        what: "color", "depth", "alpha", "features" (principal components) or "selection".
        selection: [N] boolean, needed for "selection".

    Returns:
        uint8 [H, W, 3] RGB.

    Raises:
        BadInput: for another `what`, or a selection of the wrong length.
        NotTrained: for the features of a scene that was not trained.
    """
    painters = {
        "color": lambda: scene.rasterizer.render(camera).values,
        "depth": lambda: _gray(_normalised_depth(scene.rasterizer.render(camera).depth)),
        "alpha": lambda: _gray(scene.rasterizer.render(camera).alpha),
        "features": lambda: scene.rasterizer.render(camera, feature_colors(scene)).values,
        "selection": lambda: _tinted(scene, camera, selection),
    }
    if what not in painters:
        raise BadInput(f"There is no picture {what!r}.", f"Choose one of {', '.join(painters)}.")
    return _in_bytes(painters[what]())


def photograph_or_stand_in(scene: Scene, camera: Camera) -> np.ndarray:
    """What a view shows: its photograph, or where it has none what stands in for one.

    Returns:
        uint8 [H, W, 3] RGB, on the camera's pixel grid.

    Raises:
        BadInput: the photograph cannot be read.
    """
    return load_photograph(camera) if camera.image_path else stand_in(scene, camera)


def stand_in(scene: Scene, camera: Camera) -> np.ndarray:
    """A picture in the place of a missing photograph: uint8 [H, W, 3] RGB.

    Where the scene is empty it is grey, which sets off dark things and light ones.
    """
    view = scene.rasterizer.render(camera)
    return _in_bytes(view.values + (1 - view.alpha[..., None]) * GREY)


def feature_colors(scene: Scene) -> np.ndarray:
    """The three principal components of the features as RGB [N, 3] float32 in [0, 1]."""
    features = scene.trained.field.features.cpu().numpy()
    centred = features - features.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    components = centred @ axes[:, :-4:-1]
    low, high = np.percentile(components, [2, 98], axis=0)
    return np.clip((components - low) / np.maximum(high - low, 1e-12), 0, 1).astype(np.float32)


def _tinted(scene: Scene, camera: Camera, selection: np.ndarray | None) -> np.ndarray:
    if selection is None or selection.shape != (len(scene.cloud),):
        raise BadInput("The selection is not of this scene.", "Select in this scene first.")
    color = scene.rasterizer.render(camera).values
    share = scene.rasterizer.render(camera, selection.astype(np.float32)[:, None]).values
    return color * (1 - 0.6 * share) + SELECTED * 0.6 * share


def _normalised_depth(depth: np.ndarray) -> np.ndarray:
    hit = depth > 0
    if not hit.any():
        return depth
    low, high = np.percentile(depth[hit], [1, 99])
    return np.where(hit, 1 - 0.9 * np.clip((depth - low) / max(high - low, 1e-12), 0, 1), 0)


def _in_bytes(image: np.ndarray) -> np.ndarray:
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _gray(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[..., None], 3, axis=-1)
