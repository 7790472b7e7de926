"""Noticing photographs that are not of the scene, or not in the order of its cameras."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from ..errors import BadInput
from ..files import replacing
from ..progress import Report, silent
from ..rendering.rasterizer import Rasterizer
from .camera import Camera
from .photographs import load_photograph
from .spread_out import spread_out

COMPARED = 8  # views, spread over the scene
LONGEST = 96  # pixels of the longer side at which they are compared
FINE, COARSE = 1.0, 5.0  # pixels: only details between these sizes are compared
# Three real scenes: no right photograph scored below 0.79; of wrong ones (shuffled, or
# of another scene) none above 0.26 and half of them below 0.05.
LEAST = 0.35


def require_matching_photographs(
    cameras: Sequence[Camera], rasterizer: Rasterizer, picture: Path, report: Report = silent
) -> None:
    """Refuse photographs most of which do not show what the splat shows from their cameras.

    Args:
        cameras: the views; those without photographs are passed over.
        rasterizer: of the scene.
        picture: where to save the worst view, its photograph beside its rendering.
        report: told view by view.

    Raises:
        BadInput: they do not match, or a photograph cannot be read.
    """
    views = spread_out([camera for camera in cameras if camera.image_path], COMPARED)
    pairs = []
    for done, camera in enumerate(views):
        report("Comparing photographs", done / len(views), camera.name)
        pairs.append(_pair(camera, rasterizer))
    scores = [likeness(*pair) for pair in pairs]
    if not scores or np.median(scores) >= LEAST:
        return
    worst = int(np.argmin(scores))
    photograph, values, _ = pairs[worst]
    _save(np.hstack([photograph, values]), picture)
    raise BadInput(
        f"The photographs do not show this scene from these cameras: {views[worst].name} fits "
        f"worst ({scores[worst]:.2f} of 1, and {np.median(scores):.2f} for most).",
        f"See {picture}: the photograph, and the splat from its camera. Check that cameras, "
        "photographs and splat are of one scene, or train on made-up views.",
    )


def likeness(photograph: np.ndarray, values: np.ndarray, alpha: np.ndarray) -> float:
    """How alike a photograph and a rendering are, 1 for equal details and about 0 for unrelated.

    The correlation of the brightness less its blur, so that neither exposure
    nor a bright sky over a dark ground, which most pictures share, counts.

    Args:
        photograph, values: [H, W, 3] in [0, 1].
        alpha: [H, W]; only where it is above a half is compared.
    """
    shown = alpha > 0.5
    if np.count_nonzero(shown) < shown.size / 20:
        return 0.0
    one, other = (_details(image)[shown] for image in (photograph, values))
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other / max(np.sqrt((one @ one) * (other @ other)), 1e-12))


def _details(image: np.ndarray) -> np.ndarray:
    gray = image.mean(axis=-1)
    return gaussian_filter(gray, FINE) - gaussian_filter(gray, COARSE)


def _pair(camera: Camera, rasterizer: Rasterizer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A view's photograph, its rendering and the rendering's alpha, at the small size."""
    from PIL import Image

    shrink = LONGEST / max(camera.width, camera.height)
    size = [max(1, round(side * shrink)) for side in (camera.width, camera.height)]
    photograph = Image.fromarray(load_photograph(camera)).resize(size, Image.Resampling.BOX)
    view = rasterizer.render(camera.resized(*size))
    return np.asarray(photograph, float) / 255, view.values.astype(float), view.alpha


def _save(image: np.ndarray, path: Path) -> None:
    from PIL import Image

    with replacing(path) as file:
        Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8)).save(file, "PNG")
