"""A COLMAP model's cameras and images files, binary and text (COLMAP docs, "Output Format")."""

import mmap
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..errors import BadInput
from .build import require_few_views
from .lens import Lens, Panorama, lens_of_colmap

# COLMAP's models, each at its number: focal lengths (one: fx = fy), parameters.
MODELS = {
    "SIMPLE_PINHOLE": (1, 3),
    "PINHOLE": (2, 4),
    "SIMPLE_RADIAL": (1, 4),
    "RADIAL": (1, 5),
    "OPENCV": (2, 8),
    "OPENCV_FISHEYE": (2, 8),
    "FULL_OPENCV": (2, 12),
    "FOV": (2, 5),
    "SIMPLE_RADIAL_FISHEYE": (1, 4),
    "RADIAL_FISHEYE": (1, 5),
    "THIN_PRISM_FISHEYE": (2, 12),
    "RAD_TAN_THIN_PRISM_FISHEYE": (2, 16),
    "SIMPLE_DIVISION": (1, 4),
    "DIVISION": (2, 5),
    "SIMPLE_FISHEYE": (1, 3),
    "FISHEYE": (2, 4),
    "EUCM": (2, 6),
    "EQUIRECTANGULAR": (0, 2),
}
MOST_PARAMETERS = max(parameters for _, parameters in MODELS.values())
_WORD = re.compile(r"\S+")
POINT2D_BYTES = 24  # x, y as doubles and the index of the 3D point


class Intrinsics(NamedTuple):
    """One record of the cameras file."""

    size: tuple[int, int]  # width, height
    pinhole: tuple[float, float, float, float]  # fx, fy, cx, cy
    lens: Lens | Panorama | None


class ImageRecord(NamedTuple):
    """One record of the images file, less its 2D points."""

    camera_id: int
    name: str
    quat: tuple[float, ...]  # wxyz, world to camera
    translation: tuple[float, ...]  # world to camera


def broken(path: Path, what: str) -> BadInput:
    """The error for a file that is not what it should be."""
    return BadInput(
        f"{path} cannot be read: {what}.", "Copy it again, or export the model from COLMAP again."
    )


def read_intrinsics(path: Path) -> dict[int, Intrinsics]:
    """Read cameras.bin or cameras.txt into camera id -> intrinsics.

    Raises:
        BadInput: the file is broken, or a camera's lens is of an unknown kind.
    """
    return _binary_intrinsics(path) if path.suffix == ".bin" else _text_intrinsics(path)


def read_images(path: Path) -> list[ImageRecord]:
    """Read images.bin or images.txt.

    Raises:
        BadInput: the file is broken.
    """
    return _binary_images(path) if path.suffix == ".bin" else _text_images(path)


def _parameter_count(model: str) -> int:
    if model not in MODELS:
        raise BadInput(
            f"The COLMAP cameras have lenses of a kind that is not read here (model {model}).",
            "Undistort the photographs with COLMAP's image_undistorter and use the model it "
            "writes, or train on made-up views.",
        )
    return MODELS[model][1]


def _intrinsics(size: tuple[int, int], model: str, params: tuple[float, ...]) -> Intrinsics:
    """A camera of one of `MODELS`."""
    focals = MODELS[model][0]
    if not focals:
        return Intrinsics(size, Panorama.intrinsics(size), Panorama())
    pinhole = (params[0], params[focals - 1], params[focals], params[focals + 1])
    return Intrinsics(size, pinhole, lens_of_colmap(model, params[focals + 2 :]))


class _Records:
    """Reads little-endian records off a memory map and never past its end."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.position = path, data, 0

    def take(self, layout: str) -> tuple:
        start = self.position
        self.skip(struct.calcsize(f"<{layout}"))
        return struct.unpack_from(f"<{layout}", self.data, start)

    def take_name(self) -> str:
        start = self.position
        self.skip(self.data.find(b"\0", start) + 1 - start)
        name = self.data[start : self.position - 1]
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError as e:
            raise broken(self.path, f"the image name {name[:80]!r} is not UTF-8") from e

    def skip(self, size: int) -> None:
        if not 0 <= size <= len(self.data) - self.position:
            raise broken(self.path, "it ends too early")
        self.position += size


@contextmanager
def _records(path: Path) -> Iterator[tuple[_Records, int]]:
    """Open a file of counted records: the reader behind the count, and the count."""
    if path.stat().st_size == 0:
        raise broken(path, "it is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        records = _Records(path, data)
        (count,) = records.take("Q")
        require_few_views(path, count)
        yield records, count
        if records.position != len(data):
            raise broken(path, "it holds more than it says")


def _binary_intrinsics(path: Path) -> dict[int, Intrinsics]:
    intrinsics = {}
    with _records(path) as (records, count):
        for _ in range(count):
            camera_id, model_id, width, height = records.take("IiQQ")
            known = 0 <= model_id < len(MODELS)
            model = list(MODELS)[model_id] if known else f"number {model_id}"
            params = records.take(f"{_parameter_count(model)}d")
            intrinsics[camera_id] = _intrinsics((width, height), model, params)
    return intrinsics


def _binary_images(path: Path) -> list[ImageRecord]:
    images = []
    with _records(path) as (records, count):
        for _ in range(count):
            _, *pose, camera_id = records.take("I7dI")
            name = records.take_name()
            images.append(ImageRecord(camera_id, name, tuple(pose[:4]), tuple(pose[4:])))
            (points,) = records.take("Q")
            records.skip(points * POINT2D_BYTES)
    return images


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Stripped lines with their numbers, counted from 1."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                yield number, line.strip()
    except UnicodeDecodeError as e:
        raise broken(path, "it is not UTF-8 text") from e


def _is_record(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def _text_intrinsics(path: Path) -> dict[int, Intrinsics]:
    intrinsics = {}
    for number, line in _lines(path):
        if not _is_record(line):
            continue
        try:
            camera_id, model, width, height, *rest = line.split(maxsplit=MOST_PARAMETERS + 4)
            params = tuple(float(value) for value in rest)
            if len(params) != _parameter_count(model):
                raise ValueError(f"{len(params)} parameters for {model}")
            size = int(width), int(height)
            intrinsics[int(camera_id)] = _intrinsics(size, model, params)
            require_few_views(path, len(intrinsics))
        except ValueError as e:
            raise broken(path, f"line {number} describes no camera ({e})") from e
    return intrinsics


def _text_images(path: Path) -> list[ImageRecord]:
    """Each image has two lines; the second, its 2D points, is skipped and may be empty."""
    images = []
    lines = _lines(path)
    for number, line in lines:
        if not _is_record(line):
            continue
        try:
            _, *pose, camera_id, name = line.split(maxsplit=9)
            quat_and_translation = tuple(float(value) for value in pose)
            if len(quat_and_translation) != 7:
                raise ValueError("too few numbers")
            image = ImageRecord(
                int(camera_id), name, quat_and_translation[:4], quat_and_translation[4:]
            )
        except ValueError as e:
            raise broken(path, f"line {number} describes no image ({e})") from e
        images.append(image)
        require_few_views(path, len(images))
        _, points = next(lines, (0, ""))
        if sum(1 for _ in _WORD.finditer(points)) % 3:  # split would make millions of strings
            raise broken(path, f"line {number + 1} lists no 2D points")
    return images
