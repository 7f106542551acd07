"""The JSON Schemas that the API can decode by: fewer than there are."""

from collections.abc import Iterator, Mapping
from typing import Any

UNSUPPORTED = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
    }
)
Schema = Mapping[str, Any]


def refusals(schema: Schema, where: str) -> Iterator[str]:
    """What the API would refuse in an output's schema, a sentence each; `where` is the way to it."""
    kind = schema.get("type")
    if kind == "object" and schema.get("additionalProperties") is not False:
        yield f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    for name in sorted(UNSUPPORTED & schema.keys()):
        yield f"{where}: For '{kind}' type, property '{name}' is not supported"
    for name, part in _parts(schema):
        yield from refusals(part, f"{where}.{name}")


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The schemas within a schema, each with the way to it."""
    for group in ("properties", "$defs"):
        yield from ((f"{group}.{name}", part) for name, part in schema.get(group, {}).items())
    for group in ("anyOf", "oneOf", "allOf"):
        yield from ((f"{group}.{place}", part) for place, part in enumerate(schema.get(group, [])))
    if "items" in schema:
        yield "items", schema["items"]
