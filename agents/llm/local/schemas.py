"""The parts of JSON schema that tools and outputs are written in."""

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
MAX_DEPTH = 20
CONFIDENCE = {"certainty", "confidence", "probability"}


def resolved(schema: Schema, root: Schema) -> Schema:
    """Follow references within the schema, and take the branch that says something of a choice with null."""
    for _ in range(MAX_DEPTH):
        if "$ref" in schema:
            schema = _followed(schema["$ref"], root) | {k: v for k, v in schema.items() if k != "$ref"}
        elif branches := schema.get("anyOf") or schema.get("oneOf"):
            if all("const" in branch for branch in branches):
                return {"enum": [branch["const"] for branch in branches], "description": _described(branches)}
            schema = next((branch for branch in branches if branch.get("type") != "null"), {})
        else:
            break
    return schema


def allows_null(schema: Schema, root: Schema) -> bool:
    """Whether null is a valid value."""
    kinds = schema.get("type")
    if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
        return True
    branches = schema.get("anyOf") or schema.get("oneOf") or []
    return any(allows_null(branch, root) for branch in branches)


def kind_of(schema: Schema) -> str:
    """The type that a value should have; for a list of types the first that is not null."""
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kinds, list):
        return next((str(kind) for kind in kinds if kind != "null"), "null")
    return str(kinds)


def name_words(name: str) -> list[str]:
    """The words of `order_id`, `orderId` or `order-id`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower().split("_")


def scaled(sure: float, schema: Schema) -> Any:
    """The largest allowed number that does not claim more than `sure`."""
    if "enum" in schema:
        numbers = sorted(value for value in schema["enum"] if isinstance(value, int | float))
        top = 100 if numbers[-1] > 1 else 1
        return max((value for value in numbers if value <= sure * top + 1e-9), default=numbers[0])
    return round(sure * 100) if kind_of(schema) == "integer" else round(sure, 2)


def _followed(reference: str, root: Schema) -> dict[str, Any]:
    target: Any = root
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return dict(target)


def _described(branches: list[Schema]) -> str:
    return "\n".join(f"- {branch['const']}: {branch.get('description', '')}" for branch in branches)
