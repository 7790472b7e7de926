"""Lets torchvision be imported beside a torch that its compiled operators do not fit.

segment-anything imports torchvision but needs none of its compiled operators.
Beside a CPU build of torch they often do not load, and then the import itself
fails, because torchvision describes two of them to torch without asking.
"""

import importlib
import sys

import torch

DESCRIBED_OPERATORS = ("nms", "qnms")
SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> None:
    """Import torchvision, with its missing operators declared (not implemented) if need be.

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError:  # "operator torchvision::nms does not exist"
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]  # half-imported
        for name in DESCRIBED_OPERATORS:
            torch.library.define(f"torchvision::{name}", SCHEMA)
        importlib.import_module("torchvision")
