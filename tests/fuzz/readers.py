"""Everything that reads what a stranger may have made, each with a small sound file."""

import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mutations import Seed
from PIL import Image
from scipy.sparse import csc_array

from backend import protocol
from backend.affinity.checkpoint import Checkpoint
from backend.affinity.field import AffinityField, Provenance
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.affinity.things import Things
from backend.cameras.camera import Camera
from backend.cameras.cameras_json import read_cameras_json
from backend.cameras.colmap import read_colmap
from backend.cameras.llff import read_poses_bounds
from backend.cameras.photographs import load_photograph
from backend.cameras.saved import saved_views
from backend.cameras.transforms_json import read_transforms_json
from backend.gaussians.columns import gaussian_columns
from backend.gaussians.ply import read_ply
from backend.language.index import TextIndex
from backend.language.relevancy import relevancy
from backend.masks.label_images import LabelImages
from backend.masks.store import MaskStore
from backend.segmentation.thing_tree import ThingTree


@dataclass(frozen=True)
class Reader:
    """One kind of file and who reads it."""

    name: str
    file: str  # what is broken
    seed: Seed
    read: Callable[[Path], object]  # is given the file's path
    others: dict[str, bytes] = field(default_factory=dict)  # sound files beside it

    def prepare(self, folder: Path) -> Path:
        """Put the sound files into an empty folder and read them; the path of what is broken."""
        path = folder / self.file
        for name, content in (self.others | {self.file: self.seed.join(self.seed.parts)}).items():
            (folder / name).write_bytes(content)
        self.read(path)  # what is imported at the first use is there afterwards
        return path


def _ply(form: str, extra: str = "") -> Seed:
    names = gaussian_columns(1)
    rows = np.random.default_rng(0).normal(size=(3, len(names))).astype("<f4")
    lines = ["ply", f"format {form} 1.0", "comment made by hand", "element camera 1"]
    lines += ["property float fov", "element vertex 3"]
    lines += [f"property float {name}" for name in names] + ["property uchar label"]
    header = "\n".join([*lines, "end_header\n"]).encode()
    if form == "ascii":
        text = "\n".join(" ".join(f"{x:.3g}" for x in row) + " 7" for row in rows)
        return Seed((header, f"0.5\n{text}\n".encode()))
    data = b"".join(row.tobytes() + b"\x07" for row in rows)
    return Seed((header, struct.pack("<f", 0.5) + data))


def _frames(*messages: protocol.Message) -> Seed:
    """A stream of messages, each with its header and its arrays."""
    frames = [[bytes(buffer) for buffer in protocol.encode(1, message)] for message in messages]
    heads = [head[8:] for head, *_ in frames]
    arrays = [b"".join(buffers) for _, *buffers in frames]

    def join(parts: Sequence[bytes]) -> bytes:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return b"".join(b"SAGA" + struct.pack("<I", len(head)) + head + a for head, a in pairs)

    return Seed(tuple(part for pair in zip(heads, arrays, strict=True) for part in pair), join)


def _read_frames(path: Path) -> None:
    """What is accepted could have been sent."""
    stream = io.BytesIO(path.read_bytes())
    while (message := protocol.read_message(stream)) is not None:
        protocol.encode(*message)


MESSAGES = (
    protocol.Select(
        scene="Töpfe.ply",
        pixel=(3.5, 4.0),
        clicks=(protocol.Click(view="1", pixel=(1.0, 2.0)), protocol.Click(wanted=False)),
        subset=np.arange(5, dtype=np.int32),
    ),
    protocol.Found(np.float32([0.5]), np.zeros((1, 2), np.uint8), np.array([3]), 12, 0.5, 2),
    protocol.Described("ok", {"a": [1, None, {"b": True}], "c": 0.25}),
)

POSE = [[1, 0, 0, 0.5], [0, -1, 0, 2], [0, 0, -1, 3], [0, 0, 0, 1]]
SHARED = {"fl_x": 40.0, "fl_y": 48, "cx": 33, "cy": 21.0, "w": 64, "h": 48, "k1": 0.1, "p1": 0.0}
FRAME = {"file_path": "images/a.png", "transform_matrix": POSE}
TRANSFORMS = {**SHARED, "camera_model": "OPENCV", "frames": [FRAME, {**FRAME, "file_path": "b"}]}
DATAPARSER = {"transform": POSE[:3], "scale": 0.25}
TRAINER_CAMERAS = [
    {
        **{"id": 0, "img_name": name, "width": 64, "height": 48, "fx": 50.0, "fy": 51.5},
        **{"position": [0.5, 1, 2], "rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]},
    }
    for name in ("a.png", "left/ö.png")
]

MADE_FOR = {"scene": "abc"}


def _json(content: object) -> Seed:
    return Seed((json.dumps(content, ensure_ascii=False).encode(),))


def _colmap() -> dict[str, bytes]:
    lens = (50.0, 32.0, 24.0, 0.01)
    cameras = struct.pack("<QIiQQ4d", 2, 1, 2, 64, 48, *lens)
    cameras += struct.pack("<IiQQ4d", 7, 1, 100, 50, 80.0, 80.0, 49.5, 25.0)
    images = struct.pack("<Q", 2)
    for number, name in enumerate(("left/a.png", "ö.png"), 1):
        images += struct.pack("<I7dI", number, 1, 0, 0, 0, 1, 2, 3, number * 6 - 5)
        images += name.encode() + struct.pack("<BQ", 0, 1) + bytes(24)
    text = "# of COLMAP\n1 SIMPLE_RADIAL 64 48 50.0 32.0 24.0 0.01\n7 PINHOLE 9 5 8 8 4.5 2\n"
    lines = "1 1 0 0 0 1 2 3 1 left/a.png\n1.5 2.5 -1\n2 0.5 0.5 0.5 0.5 1 2 3 7 ö.png\n\n"
    files = {"cameras.bin": cameras, "images.bin": images}
    return files | {"cameras.txt": text.encode(), "images.txt": lines.encode()}


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _npz(**arrays: np.ndarray) -> Seed:
    """Each member is broken by itself, then zipped with the right checksum."""
    names = list(arrays)

    def join(parts: Sequence[bytes]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, part in zip(names, parts, strict=True):
                archive.writestr(f"{name}.npy", part)
        return stream.getvalue()

    return Seed(tuple(_npy(np.asarray(array)) for array in arrays.values()), join)


CROPS = {
    "boxes": np.array([[0, 0, 2, 2], [1, 0, 3, 1]], np.int32),
    "crops": np.arange(6, dtype=np.uint8) * 8,
    "shape": np.array([2, 3, 13]),
    "predicted_iou": np.ones(2, np.float32),
}
WHOLE = {
    "masks": np.full((2, 3, 2), 0xF8, np.uint8),
    "shape": np.array([2, 3, 13]),
    "predicted_iou": np.ones(2, np.float32),
}


def _image(form: str) -> Seed:
    stream = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8) // 8).save(stream, form)
    return Seed((stream.getvalue(),))


def _labels(path: Path) -> object:
    return LabelImages(path.parent).read("04.png")


def _photograph(path: Path) -> object:
    return load_photograph(Camera("04", 8, 6, 8.0, 8.0, 4.0, 3.0, np.eye(4), path))


def _field() -> Seed:
    """The model file: its JSON header and its tensors."""
    features = torch.nn.functional.normalize(torch.randn(5, 4), dim=1)
    ends = np.array([0.1, 0.5, 2.0])
    belonging = csc_array(np.uint8([[255, 0], [200, 0], [0, 190], [255, 255], [0, 0]]))
    trained = AffinityField(
        features,
        ScaleGate(4),
        ScaleMap(ends, np.array([0.0, 0.5, 1.0])),
        Things(belonging, np.array([0.2, 0.5]), np.array([0.9, 0.7])),
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "field.safetensors"
        trained.save(path, Provenance("a.ply", "abc", "0.1.0", "fast", 1, 2, 3, 4, 0.5))
        return Seed(_parts_of_safetensors(path), _join_safetensors)


def _parts_of_safetensors(path: Path) -> tuple[bytes, bytes]:
    """Its JSON header and its tensors."""
    data = path.read_bytes()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    return data[8:end], data[end:]


def _join_safetensors(parts: Sequence[bytes]) -> bytes:
    return struct.pack("<Q", len(parts[0])) + b"".join(parts)


STEPS = 9
TRAINED = {
    "features.values": torch.ones(5, 4),
    "features.mean_square": torch.zeros(5, 4),
    "bias.values": torch.ones(4),
}


def _checkpoint() -> Seed:
    """An unfinished training: its numbers, the table of its tensors, and those."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "training.safetensors"
        numbers = {"steps_done": 3, "loss": 0.5, "rng": rng.bit_generator.state}
        Checkpoint(path, "key").save(TRAINED, numbers)
        table, tensors = _parts_of_safetensors(path)
    header = json.loads(table)
    said = header.pop("__metadata__")["numbers"].encode()

    def join(parts: Sequence[bytes]) -> bytes:
        text = {"key": "key", "numbers": parts[0].decode(errors="surrogateescape")}
        head = f'{{"__metadata__":{json.dumps(text)},'.encode() + parts[1][1:]
        return _join_safetensors((head, parts[2]))

    return Seed((said, json.dumps(header).encode(), tensors), join)


def _go_on(path: Path) -> None:
    """What is accepted is a state from which a training can go on."""
    saved = Checkpoint(path, "key").load(TRAINED, STEPS)
    if saved is None:
        return
    tensors, numbers = saved
    for name, tensor in TRAINED.items():
        assert tensor.sub(tensors[name]).isfinite().all()
    rng = np.random.default_rng()
    rng.bit_generator.state = numbers["rng"]
    rng.choice(7, 5, replace=False)
    assert 0 <= numbers["steps_done"] <= STEPS
    assert abs(numbers["loss"]) < float("inf")


def _ask_field(path: Path) -> None:
    """Read it and ask what every query asks."""
    trained, provenance = AffinityField.load(path)
    (trained.features * trained.gate_at(0.5)).sum()
    trained.scale_map.to_physical(0.5)
    tree = ThingTree.of(trained.things or Things.none(len(trained.features)))
    for thing in tree.cut(0.5):
        tree.belong(thing, 0.75)
    json.dumps(vars(provenance))


INDEX = TextIndex(
    selections=np.array([[3], [12]], np.uint8),
    images=np.eye(3, 4, dtype=np.float32),
    owner=np.array([1, 0, 1]),
    neutral=np.eye(4, dtype=np.float32),
)


def _index() -> Seed:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "index.safetensors"
        INDEX.save(path, "key")
        return Seed(_parts_of_safetensors(path), _join_safetensors)


def _ask_index(path: Path) -> None:
    """Read it and ask what every search asks."""
    index = TextIndex.load(path, "key", gaussians=5)
    if index is not None:
        scores = index.mean_per_thing(relevancy(index.images, index.neutral[0], index.neutral))
        assert np.isfinite(scores).all()
        assert len(np.unpackbits(index.selections[1], count=5)) == 5


def _masks(path: Path) -> object:
    return MaskStore(path.parent).read("04.png")


def readers() -> list[Reader]:
    """All of them."""
    colmap = _colmap()
    beside = {"cameras.bin": "images.bin", "images.bin": "cameras.bin"}
    beside |= {"cameras.txt": "images.txt", "images.txt": "cameras.txt"}
    return [
        Reader("PLY, binary", "a.ply", _ply("binary_little_endian"), read_ply),
        Reader("PLY, ascii", "a.ply", _ply("ascii"), read_ply),
        Reader("the protocol", "stream", _frames(*MESSAGES), _read_frames),
        *(
            Reader(
                f"COLMAP {file}",
                file,
                Seed((colmap[file],)),
                lambda path: read_colmap(path.parent),
                {other: colmap[other]},
            )
            for file, other in beside.items()
        ),
        Reader("transforms.json", "transforms.json", _json(TRANSFORMS), read_transforms_json),
        Reader(
            "dataparser_transforms.json",
            "dataparser_transforms.json",
            _json(DATAPARSER),
            lambda path: read_transforms_json(path.with_name("transforms.json"), None, path),
            {"transforms.json": json.dumps(TRANSFORMS).encode()},
        ),
        Reader("cameras.json", "cameras.json", _json(TRAINER_CAMERAS), read_cameras_json),
        Reader(
            "made-up views",
            "cameras.json",
            _json([entry | MADE_FOR for entry in TRAINER_CAMERAS]),
            lambda path: saved_views(path, MADE_FOR),
        ),
        Reader(
            "poses_bounds.npy",
            "poses_bounds.npy",
            Seed(
                (
                    _npy(
                        np.array(
                            [[0, 1, 0, 0, 48, 1, 0, 0, 0, 64, 0, 0, -1, 0, 40, 1, 9]] * 2, float
                        )
                    ),
                )
            ),
            read_poses_bounds,
        ),
        Reader("masks, boxes", "04.npz", _npz(**CROPS), _masks),
        Reader("masks, whole", "04.npz", _npz(**WHOLE), _masks),
        Reader("label image, PNG", "04.png", _image("PNG"), _labels),
        Reader("photograph, JPEG", "04", _image("JPEG"), _photograph),
        Reader("the model file", "field.safetensors", _field(), _ask_field),
        Reader("unfinished training", "training.safetensors", _checkpoint(), _go_on),
        Reader("text index", "index.safetensors", _index(), _ask_index),
    ]
