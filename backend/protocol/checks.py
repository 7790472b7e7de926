"""Do values fit the annotations of a message? Asked on both ends of the pipe."""

import sys
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from .messages import ProtocolError

MAX_DEPTH = 16  # of what is nested in a field
_NUMBERS = {int: Integral, float: Real}  # numpy's register as these
_LARGEST = {int: (1 << 63) - 1, float: sys.float_info.max}


@cache
def _annotations(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def checked_fields(cls: type, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the annotations of a message want them; defaults stay out."""
    annotations = _annotations(cls)
    if unknown := values.keys() - annotations.keys():
        raise ProtocolError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}.")
    required = {field.name for field in fields(cls) if field.default is MISSING}
    if missing := required - values.keys():
        raise ProtocolError(f"{cls.__name__} lacks {', '.join(sorted(missing))}.")
    return {
        name: checked(value, annotations[name], f"{cls.__name__}.{name}")
        for name, value in values.items()
    }


def checked(value: Any, annotation: Any, where: str) -> Any:
    """`value` as its annotation wants it: lists become tuples, numpy's numbers Python's."""
    if get_origin(annotation) is UnionType:  # X | None
        return None if value is None else checked(value, get_args(annotation)[0], where)
    if get_origin(annotation) is tuple:
        kinds = get_args(annotation)
        if kinds[-1] is ... and isinstance(value, list | tuple):  # of any length
            kinds = kinds[:1] * len(value)
        if isinstance(value, list | tuple) and len(value) == len(kinds):
            return tuple(checked(v, kind, where) for v, kind in zip(value, kinds, strict=True))
    elif annotation in _LARGEST:
        if isinstance(value, _NUMBERS[annotation]) and not isinstance(value, bool):
            number = int(value) if isinstance(value, Integral) else float(value)
            if abs(number) <= _LARGEST[annotation]:  # False for NaN
                return annotation(number)
    elif is_dataclass(annotation) and isinstance(value, dict | annotation):
        values = value if isinstance(value, dict) else vars(value)
        return annotation(**checked_fields(annotation, values))
    elif isinstance(value, annotation):
        return _plain(value, where) if annotation is dict else value
    name = getattr(annotation, "__name__", annotation)
    raise ProtocolError(f"{where} cannot be {value!r:.40}: a {name} is needed.")


def _plain(value: Any, where: str, depth: int = 0) -> Any:
    """What JSON can carry, copied."""
    if depth > MAX_DEPTH:
        raise ProtocolError(f"{where} is nested more than {MAX_DEPTH} deep.")
    if isinstance(value, dict):
        keys = [checked(key, str, f"a key of {where}") for key in value]
        return {key: _plain(value[key], where, depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_plain(item, where, depth + 1) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    return checked(value, int if isinstance(value, Integral) else float, where)
