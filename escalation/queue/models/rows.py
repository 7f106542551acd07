"""What `save()` would write, for statements that are built once and do more than one thing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb


@cache
def names(model: type[Model], without: Sequence[str]) -> str:
    """The columns of a model's table, apart from some, as SQL."""
    return ", ".join(f'"{column}"' for column, _ in _columns(model, without))


@cache
def places(model: type[Model], without: Sequence[str]) -> str:
    """A placeholder for each of `names`."""
    return ", ".join(["%s"] * len(_columns(model, without)))


def values(row: Model, without: Sequence[str]) -> list[Any]:
    """What a row holds in each of `names`."""
    held = vars(row)
    return [
        Jsonb(held[column]) if is_json and held[column] is not None else held[column]
        for column, is_json in _columns(type(row), without)
    ]


@cache
def _columns(model: type[Model], without: Sequence[str]) -> list[tuple[str, bool]]:
    columns = [(str(field.column), isinstance(field, JSONField)) for field in model._meta.concrete_fields]
    return [(column, is_json) for column, is_json in columns if column not in without]


def mark_stored(row: Model, **returned: Any) -> None:
    """Let a row know what the database made of it."""
    vars(row).update(returned)
    row._state.adding, row._state.db = False, "default"
