"""What PostgreSQL can keep of what models and tools say: to the byte in a column of its own, or as jsonb."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from django.db import models
from pydantic_core import PydanticSerializationError, to_jsonable_python

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField

# PostgreSQL's text and jsonb hold neither a NUL nor half of a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


class Verbatim(_TextField):
    """A JSON value kept as it was said: jsonb would sort its keys, round its numbers and refuse a NUL."""

    _pyi_private_set_type: Any  # for django-stubs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value)


def storable(value: Any) -> Any:
    """The JSON that comes nearest to `value`, without what jsonb refuses. Never raises."""
    try:
        return _without_flaws(to_jsonable_python(value, fallback=repr))
    except (PydanticSerializationError, ValueError, RecursionError):
        return storable_text(repr(value)[:1000])


def storable_text(text: str) -> str:
    """A text without what PostgreSQL refuses in one."""
    return UNSTORABLE.sub(REPLACEMENT, text)


def _without_flaws(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(name): _without_flaws(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_flaws(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
