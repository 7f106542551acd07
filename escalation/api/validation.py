"""From JSON values to typed ones: a shape (a msgspec Struct) says what is allowed, errors say where not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from django.http import QueryDict
from msgspec import Struct

from escalation.api.problems import FieldError, Invalid, pointer
from escalation.api.shapes.fields import Moment

Shape = TypeVar("Shape", bound=Struct)

# How msgspec names a place: "… - at `$.trace[0].tokens`", "… - at `key` in `$.metadata`".
PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`\Z", re.DOTALL)
STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
NAMED = re.compile(r"Object (?:contains unknown field|missing required field) `(?P<name>.*)`\Z", re.DOTALL)


def read(shape: type[Shape], values: Mapping[str, Any], *, strict: bool = True) -> Shape:
    """Values as a `shape`; raises Invalid with an error for every field at fault."""
    try:
        return msgspec.convert(values, shape, strict=strict)
    except msgspec.ValidationError:
        raise Invalid(*_errors(shape, values, strict)) from None


def read_query(shape: type[Shape], query: QueryDict) -> Shape:
    """The query string as a `shape`; raises Invalid for unknown, repeated and unreadable parameters."""
    for name, values in query.lists():
        if len(values) > 1:
            raise Invalid(FieldError(f"?{name}", "comes twice"))
        if "\x00" in name or "\x00" in values[0]:
            raise Invalid(FieldError("?", "holds NUL"))
    try:
        return read(shape, _with_moments(shape, query.dict()), strict=False)
    except Invalid as invalid:
        errors = [FieldError(error.pointer.replace("/", "?", 1), error.detail) for error in invalid.errors]
        raise Invalid(*errors) from None


def _with_moments(shape: type[Struct], values: dict[str, Any]) -> dict[str, Any]:
    """Values with their dates read: lax reading would take a number for one too."""
    dates = [f.name for f in msgspec.structs.fields(shape) if Moment in get_args(f.type) and f.name in values]
    return values | {name: _moment(name, values[name]) for name in dates}


def _moment(name: str, text: str) -> datetime:
    try:
        # PostgreSQL knows fewer zones and fewer years than RFC 3339.
        return msgspec.convert(text, Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Invalid(FieldError(pointer(name), str(error))) from None


def _errors(shape: type[Struct], values: Mapping[str, Any], strict: bool) -> Iterator[FieldError]:
    """Field by field, since msgspec stops at the first error. Only the refused pay for this."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name in values:
        if name not in fields:
            yield FieldError(pointer(name), "unknown field")
    for name, field in fields.items():
        if name not in values:
            if field.required:
                yield FieldError(pointer(name), "required")
            continue
        try:
            msgspec.convert(values[name], field.type, strict=strict)
        except msgspec.ValidationError as error:
            yield _error(name, str(error), _choices(field.type))


def _choices(kind: Any) -> list[str]:
    """The words that a field may hold; none when it may hold others."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [word for part in get_args(kind) for word in _choices(part)]


def _error(field: str, message: str, choices: list[str]) -> FieldError:
    place = PLACE.search(message)
    steps: list[str] = [field]
    if place:
        message = message[: place.start()]
        steps += [name or index for name, index in STEP.findall(place["path"])]
    if named := NAMED.match(message):
        steps.append(named["name"])
        message = "unknown field" if "unknown" in message else "required"
    if message.startswith("Invalid enum value") and len(steps) == 1:
        message += f"; it is one of {', '.join(choices)}"
    return FieldError(pointer(*steps), message)
