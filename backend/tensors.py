"""Tensors on disk, in the format safetensors."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .files import draft_of


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors to a file, replacing it only when done; none of them is copied in memory.

    Raises:
        BadInput: the file cannot be written.
    """
    with draft_of(path) as draft:
        draft.touch(exist_ok=False)
        usual = draft.stat().st_mode
        try:
            save_file({name: t.contiguous() for name, t in tensors.items()}, draft, metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from error
        draft.chmod(usual)  # the library's files are for their owner only


def open_tensors(path: Path, device: str = "cpu") -> safe_open:
    """A file of tensors, to be read from in a `with`.

    Raises:
        SafetensorError, OSError: it cannot be read.
    """
    # By default tensors would be views of the mapped file, which Windows refuses to replace.
    return safe_open(path, "pt", device=device, backend="pread")
