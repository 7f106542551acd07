"""JSON from the server, as typed values. Fields that this version does not know are passed over."""

from __future__ import annotations

import dataclasses
import json
import types
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Read = TypeVar("Read")


class Unreadable(ValueError):
    """What came is not what a server of this API answers."""


def parsed(body: bytes) -> Any:
    """The JSON in a body; raises Unreadable, however deep the body is."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {error}") from error


def read(shape: type[Read], value: Any) -> Read:
    """The dataclass `shape` out of a JSON object; raises Unreadable when it does not fit."""
    if not isinstance(value, dict):
        raise Unreadable(f"an object was expected for {shape.__name__}, and {type(value).__name__} came")
    try:
        return shape(**{name: _as(hint, value[name]) for name, hint in _hints(shape, value)})
    except (TypeError, ValueError) as error:
        raise Unreadable(f"{shape.__name__}: {error}") from error


def _hints(shape: type, value: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, hint) for name, hint in _all_hints(shape).items() if name in value]


@cache
def _all_hints(shape: type) -> dict[str, Any]:
    return get_type_hints(shape)


def _as(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (types.UnionType, Union):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if get_origin(hint) is list:
        (inner,) = get_args(hint)
        return [_as(inner, one) for one in value]
    # A dataclass is read; everything else is JSON already.
    return read(hint, value) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else value
