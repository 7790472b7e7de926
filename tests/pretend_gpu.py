"""A CUDA device where there is none: tensors that say they are on it, computed by the CPU.

It shows that the way a GPU goes works: that nothing mixes what is on it with what is not, or
takes its tensors for arrays. It shows nothing of its speed, its memory or its compiled code.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

CUDA = torch.device("cuda", 0)
SAYS = {Tensor.device.__get__: CUDA, Tensor.is_cuda.__get__: True, Tensor.is_cpu.__get__: False}
TO_ARRAY = {Tensor.numpy, Tensor.__array__}
TAKES_HOST_INDICES = {Tensor.__getitem__, Tensor.__setitem__}
MOVES = {Tensor.to, Tensor.cpu, Tensor.copy_, Tensor.data.__set__}
ONLY_NAMES_DEVICES = {torch.device, torch._C._nn._parse_to}


class OnGpu(Tensor):
    """A tensor that lies in the device's memory, as far as anyone asks."""

    def __deepcopy__(self, memo: dict) -> "OnGpu":
        return self.clone()


class PretendGpu(TorchFunctionMode):
    """Answers for the device while it is entered."""

    def __torch_function__(self, function: Callable, types, args=(), kwargs=None):
        """Do on the CPU what is asked of tensors; refuse what a GPU would refuse."""
        kwargs = kwargs or {}
        if function in ONLY_NAMES_DEVICES:
            return function(*args, **kwargs)
        if function is torch._has_compatible_shallow_copy_type:  # may a module keep its parameter?
            return isinstance(args[0], OnGpu) == isinstance(args[1], OnGpu)
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        on_gpu = any(isinstance(tensor, OnGpu) for tensor in tensors)
        if on_gpu and function in SAYS:
            return SAYS[function]
        if on_gpu and function in TO_ARRAY:
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        if on_gpu and function not in MOVES:
            _require_one_device(function, args, tensors)
        where = _asked_for(function, args, kwargs)
        result = _on_cpu(function, args, kwargs)
        if function in (Tensor.copy_, Tensor.data.__set__):
            return result
        if where == "cuda" or (on_gpu and where is None):
            return _moved(result, OnGpu, tensors if where == "cuda" else [])
        return _moved(result, Tensor, tensors) if on_gpu else result


@contextmanager
def pretend_gpu() -> Iterator[None]:
    """There is a CUDA device, for as long as this lasts."""

    class Generator(torch.Generator):
        def __new__(cls, device="cpu"):
            return super().__new__(cls, "cpu")

    def autocast(device_type: str, *args, real=torch.autocast, **kwargs) -> torch.autocast:
        return real("cpu" if device_type == "cuda" else device_type, *args, **kwargs)

    gpu = {
        "is_available": lambda: True,
        "mem_get_info": lambda device=None: (8 << 30, 8 << 30),
        "memory_reserved": lambda device=None: 0,
        "empty_cache": lambda: None,
    }
    with ExitStack() as stack:
        for name, answer in gpu.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, answer))
        stack.enter_context(mock.patch.object(torch, "Generator", Generator))
        stack.enter_context(mock.patch.object(torch, "autocast", autocast))
        yield stack.enter_context(PretendGpu())


def _is(device: str, value: object) -> bool:
    return isinstance(value, str | torch.device) and str(value).split(":")[0] == device


def _asked_for(function: Callable, args: tuple, kwargs: dict) -> str | None:
    """The device that a call names."""
    if function is Tensor.cpu:
        return "cpu"
    if function is Tensor.to and isinstance(args[1], Tensor):
        return "cuda" if isinstance(args[1], OnGpu) else "cpu"
    named = [*args, *kwargs.values()]
    return next((d for d in ("cuda", "cpu") if any(_is(d, value) for value in named)), None)


def _on_cpu(function: Callable, args: tuple, kwargs: dict):
    """The call's result, on the CPU whatever device it names."""
    args = tuple("cpu" if _is("cuda", value) else value for value in args)
    kwargs = {key: "cpu" if _is("cuda", value) else value for key, value in kwargs.items()}
    kwargs.pop("pin_memory", None)  # which a GPU could copy from
    with torch._C.DisableTorchFunctionSubclass():
        return function(*args, **kwargs)


def _moved(result, kind: type[Tensor], given: list[Tensor]):
    """The result's tensors as such of a kind; one that was given is copied, as a move does."""

    def move(value):
        if not isinstance(value, Tensor) or isinstance(value, OnGpu) == (kind is OnGpu):
            return value
        copied = any(value is tensor for tensor in given)
        return (value.clone() if copied else value).as_subclass(kind)

    return tree_map(move, result)


def _require_one_device(function: Callable, args: tuple, tensors: list[Tensor]) -> None:
    """Refuse to mix tensors as torch does: numbers and indices may come from the CPU.

    Raises:
        RuntimeError: some other tensor is on the CPU.
    """
    takes_indices = function in TAKES_HOST_INDICES and isinstance(args[0], OnGpu)
    assigned = args[2] if function is Tensor.__setitem__ else None
    for tensor in tensors:
        is_index = takes_indices and tensor is not assigned and not tensor.is_floating_point()
        if not (isinstance(tensor, OnGpu) or tensor.dim() == 0 or is_index):
            raise RuntimeError(f"{function.__name__}: expected all tensors to be on one device.")
