"""Whether a value is what an agent can take, by the JSON Schema that it sent along."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable


def flaw_of_schema(schema: dict[str, Any]) -> str | None:
    """Why it is no schema that could be checked by, or None."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"not a JSON Schema: {error.message[:200]}"
    return None


def misfit(value: Any, schema: dict[str, Any]) -> str | None:
    """What about a value the schema forbids, and where; None when nothing is."""
    # An empty registry: nothing is fetched from anywhere because a schema says so.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        error: ValidationError | None = best_match(validator.iter_errors(value))
    except Unresolvable as unknown:
        return f"the agent's schema refers to what is not in it: {unknown}"[:300]
    if error is None:
        return None
    place = "/".join(map(str, error.absolute_path))
    return f"{place}: {error.message}"[:300] if place else error.message[:300]
