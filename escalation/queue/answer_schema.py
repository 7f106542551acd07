"""What an answer must look like, as far as it can be checked in bounded time. PURE.

A schema comes from an agent: it may refer to itself without end, or hold a pattern that takes for ever.
So references are written out up to a number of parts, nothing is fetched, and no costly pattern is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, SchemaError
from referencing.exceptions import Unresolvable

MOST_PARTS = 500
MOST_PROBLEMS = 20
LONGEST_MATCHED = 2000
# A repeated group, or a third unbounded repetition, can take longer than any answer is worth.
REPEATED_GROUP = re.compile(r"\)[*+{?]")
UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")
REFERENCE = re.compile(r"#(/[^#]*)?")
# What asks a pattern by another way than the keyword "pattern", or looks things up.
NOT_ASKED = ("patternProperties", "$dynamicRef", "format")

Problem = tuple[tuple[str | int, ...], str]


class TooLarge(Exception):
    """The schema has too many parts once its references are written out."""


def flaw_of_schema(schema: dict[str, Any]) -> str | None:
    """Why no answer could be checked by it, or None."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"not a JSON Schema: {error.message[:200]}"
    if written_out(schema) is None:
        return f"it refers to itself, to what is not in it, or has more than {MOST_PARTS} parts"
    return None


def written_out(schema: Any) -> dict[str, Any] | None:
    """The schema with its own parts in the place of references to them; None when it cannot be used."""
    left = [MOST_PARTS]
    try:
        found = _without_references(schema, schema, left)
    except (TooLarge, LookupError, ValueError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def problems(schema: Any, value: Any) -> list[Problem]:
    """Where `value` does not fit, and why; nothing when it fits or the schema cannot be used."""
    plain = written_out(schema)
    if plain is None:
        return []
    try:
        return list(_problems(Draft202012Validator(plain), value))
    except (Unresolvable, RecursionError, re.error, TypeError, ValueError):
        return []


def _problems(validator: Draft202012Validator, value: Any) -> Iterator[Problem]:
    for _, error in zip(range(MOST_PROBLEMS), validator.iter_errors(value), strict=False):
        yield tuple(error.absolute_path), _said(error)


def _said(error: Any) -> str:
    if error.validator == "required":
        wanted: Any = error.validator_value
        missing = [str(name) for name in wanted if name not in error.instance]
        return f"needed: {', '.join(missing)}"
    said = str(error.message)
    return said if len(said) <= 200 else f"does not fit the schema's {error.validator!r}"


def _without_references(part: Any, root: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise TooLarge
    if isinstance(part, list):
        return [_without_references(each, root, left) for each in part]
    if not isinstance(part, dict):
        return part
    if isinstance(reference := part.get("$ref"), str):
        beside = {name: value for name, value in part.items() if name != "$ref"}
        return _without_references(_found(reference, root), root, left) | _without_references(
            beside, root, left
        )
    return {
        name: _without_references(value, root, left) for name, value in part.items() if _is_asked(name, value)
    }


def _found(reference: str, root: Any) -> Any:
    if not REFERENCE.fullmatch(reference):
        raise LookupError(reference)
    found = root
    for name in reference.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def _is_asked(name: str, value: Any) -> bool:
    if name in ("$defs", "definitions", *NOT_ASKED):
        return False
    return name != "pattern" or is_cheap(value)


def is_cheap(pattern: Any) -> bool:
    """Whether matching this pattern is quick on any text."""
    if not isinstance(pattern, str) or len(pattern) > LONGEST_MATCHED:
        return False
    return not REPEATED_GROUP.search(pattern) and len(UNBOUNDED.findall(pattern)) <= 2
