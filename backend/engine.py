"""The engine: everything that can be asked of a splat, behind one call.

The server and the command line are two thin doors onto it; both speak the
messages of `backend.protocol`.
"""

import os
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from . import protocol
from .errors import MissingSoftware
from .files import stamp_of
from .progress import Report, silent

if TYPE_CHECKING:  # torch and numba take seconds to import: only when something is asked
    from .language.image_text import ImageTextModel
    from .scene import Scene

ANSWERS = {
    protocol.Train: "train",
    protocol.Select: "select",
    protocol.Decompose: "decompose",
    protocol.Find: "find",
    protocol.Render: "render",
    protocol.Info: "info",
    protocol.Fetch: "fetch",
    protocol.AddView: "added_views",
    protocol.ForgetViews: "added_views",
}
_WITHOUT_TORCH = {"fetch"}


class Engine:
    """Answers one request at a time; keeps the last scene open between requests."""

    def __init__(self, device: str = "auto") -> None:
        """device: "cpu", "cuda", or "auto" for CUDA where torch finds it."""
        # By default OpenMP's threads spin while they wait for each other, which on a machine
        # that is busy with Blender made training 15 times slower. Read when torch is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # What some of open_clip's models lack it would fetch without a word: a tokenizer, say.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        self._wanted_device = device
        self._scene: Scene | None = None
        self._scene_stamp: tuple = ()
        self._text_model: ImageTextModel | None = None
        self._text_model_stamp: tuple = ()

    @cached_property
    def device(self) -> str:
        """What torch computes on.

        Raises:
            MissingSoftware: CUDA was asked for and is not there.
        """
        if self._wanted_device == "cpu":
            return "cpu"
        import torch

        if torch.cuda.is_available():
            return "cuda"
        if self._wanted_device == "auto":
            return "cpu"
        raise MissingSoftware(
            "The engine's PyTorch finds no CUDA device.",
            "Choose the device cpu or auto, or install a PyTorch built for your GPU.",
        )

    def handle(self, message: protocol.Work, report: Report = silent) -> protocol.Reply:
        """Answer a request with its reply.

        Raises:
            SagaError: whatever keeps it from being answered.
        """
        name = ANSWERS[type(message)]
        if name not in _WITHOUT_TORCH and "torch" not in sys.modules:
            # Most of the first request's imports, by themselves: a cancel is heard on both sides.
            report("Loading PyTorch", 0.0)
            import_module("torch")
            report("Loading PyTorch", 1.0)
        answers = import_module(f".answers.{name}", __package__)
        return answers.answer(self, message, report)

    def open(self, path: str, report: Report = silent) -> "Scene":
        """The scene of a .ply, read anew only when the file is another one or has changed.

        Its training likewise, whoever trained it.

        Raises:
            BadInput: the file cannot be read as a splat.
        """
        from .scene import Scene

        file = Path(path).expanduser().absolute()
        stamp = file, stamp_of(file)
        if self._scene is None or stamp != self._scene_stamp:
            report("Opening the scene", 0.0)
            self._scene = None  # first: the memory may not hold two
            self._scene = Scene(file, self.device)
            self._scene_stamp = stamp
            report("Opening the scene", 1.0)
        self._scene.notice_training()
        return self._scene

    def text_model(self, name: str, report: Report = silent) -> "ImageTextModel":
        """The text-image model of a name or path; the last one is kept while its files are.

        Raises:
            SagaError: see `load_image_text_model`.
        """
        from .language.models import load_image_text_model

        path = Path(name).expanduser()
        files = sorted(path.iterdir()) if name and path.is_dir() else [path]
        stamp = name, *map(stamp_of, files)
        if stamp != self._text_model_stamp:
            report("Loading the text model", 0.0)
            self._text_model = load_image_text_model(name, self.device)
            self._text_model_stamp = stamp
        return self._text_model
