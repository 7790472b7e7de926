"""The photographs behind the views: finding them by name, loading them."""

import io
import os
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInput
from .camera import Camera
from .lens import Panorama, cut_out, undistort

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"})
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")  # the same, as Pillow calls them


def is_image(path: Path) -> bool:
    """Whether a file's name is an image's, and not of what macOS keeps beside one ("._a.png")."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("._")


def without_image_suffix(name: str) -> str:
    """A view's name less its image extension: "left/04.JPG" -> "left/04", "frame.04" stays."""
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in IMAGE_SUFFIXES else str(path)


def attach_photographs(cameras: Iterable[Camera], folder: Path) -> list[Camera]:
    """Give each camera the image file in `folder` that bears its name, None where there is none.

    Names are relative to `folder` and do not lead out of it. Where the exact file is
    missing, one that differs only in case, extension or Unicode form is taken.
    """
    by_key: dict[str, Path] = {}
    for parent, _, names in sorted(os.walk(folder)):
        for path in sorted(Path(parent, name) for name in names):
            if is_image(path):
                by_key.setdefault(_key(path.relative_to(folder).as_posix()), path)

    def photograph(name: str) -> Path | None:
        exact = folder / name
        inside = Path(os.path.abspath(exact)).is_relative_to(os.path.abspath(folder))
        return exact if inside and os.path.isfile(exact) else by_key.get(_key(name))

    return [replace(camera, image_path=photograph(camera.name)) for camera in cameras]


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", without_image_suffix(name)).casefold()


@contextmanager
def open_image(path: Path, advice: str) -> Iterator["Image"]:
    """An image file of one of `IMAGE_SUFFIXES`, whatever its own suffix; decoded when used.

    Raises:
        BadInput: with this advice, for whatever goes wrong in the block.
    """
    from PIL import Image

    try:
        # Read first: Pillow makes room for what a file says of itself. And others of its
        # formats run other programs.
        with Image.open(io.BytesIO(path.read_bytes()), formats=FORMATS) as file:
            yield file
    except Exception as error:  # decoders raise all kinds
        raise BadInput(f"The picture {path} cannot be read ({error}).", advice) from error


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of an image as stored.

    Raises:
        BadInput: the file cannot be decoded.
    """
    with open_image(path, "Replace the file.") as file:
        return file.size


def load_photograph(camera: Camera) -> np.ndarray:
    """The view's photograph on the camera's pixel grid, undistorted: uint8 [H, W, 3], RGB.

    Whether the poses refer to the pixels as stored or to the picture turned
    upright by its EXIF data depends on the program that found them; the one
    whose format (landscape or portrait) is the camera's is taken; a panorama's is landscape.

    Raises:
        BadInput: the view has no photograph, or its file cannot be decoded.
    """
    from PIL import Image, ImageOps

    if camera.image_path is None:
        raise BadInput(
            f"There is no photograph for view {camera.name}.",
            "Put the photographs in a folder named images beside the scene.",
        )
    advice = "Replace the file, or remove it to have that view rendered instead."
    all_around = isinstance(camera.lens, Panorama)
    with open_image(camera.image_path, advice) as file:
        same_format = (file.width > file.height) == (all_around or camera.width > camera.height)
        image = file if same_format else ImageOps.exif_transpose(file)
        if image.mode.startswith("I;16"):  # Pillow would clip it to 255
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        image = image.convert("RGB")
    size = camera.width, camera.height
    if all_around:
        return cut_out(np.asarray(image), camera.lens, camera.width)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    if camera.lens is None:
        return pixels
    return undistort(pixels, camera.lens, (camera.fx, camera.fy, camera.cx, camera.cy))
