"""What the ORM would write and read, for statements that are built once and do more than one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, TypeVar

import msgspec
from django.db import connection
from django.db.models import Field, JSONField, Model
from psycopg.types.json import Jsonb

Row = TypeVar("Row", bound=Model)


@cache
def names(model: type[Model], without: Sequence[str] = (), *, of: str = "") -> str:
    """The columns of a model's table, apart from some, as SQL; `of` is the table's name in the statement."""
    table = f"{of}." if of else ""
    return ", ".join(f'{table}"{column}"' for column, _ in _columns(model, without))


@cache
def places(model: type[Model], without: Sequence[str]) -> str:
    """A placeholder for each of `names`."""
    return ", ".join(["%s"] * len(_columns(model, without)))


def values(row: Model, without: Sequence[str]) -> list[Any]:
    """What a row holds in each of `names`."""
    held = vars(row)
    return [
        Jsonb(held[column], _encoded) if is_json and held[column] is not None else held[column]
        for column, is_json in _columns(type(row), without)
    ]


# A row is mostly JSON, and half a dozen of its values are empty: the standard library's encoder has a price
# for each of them that can be seen in what it costs to raise an escalation.
_encoded = msgspec.json.Encoder().encode


def read(model: type[Row], stored: Sequence[Any], without: Sequence[str] = ()) -> Row:
    """The row whose `names` hold what is `stored`; what it is read without is loaded when asked for."""
    columns, loaders = _loaders(model, without)
    held = [
        value if load is None or value is None else load(value)
        for load, value in zip(loaders, stored, strict=True)
    ]
    return model.from_db("default", columns, held)


def insert(row: Model, by_database: Sequence[str]) -> None:
    """Store a new row, and read back what the database gives it; no signal is sent."""
    model = type(row)
    with connection.cursor() as cursor:
        cursor.execute(_insert(model, by_database), values(row, by_database))
        mark_stored(row, **dict(zip(by_database, cursor.fetchone(), strict=True)))


@cache
def _insert(model: type[Model], by_database: Sequence[str]) -> str:
    return (
        f'INSERT INTO "{model._meta.db_table}" ({names(model, by_database)}) '
        f"VALUES ({places(model, by_database)}) RETURNING {', '.join(by_database)}"
    )


def mark_stored(row: Model, **returned: Any) -> None:
    """Let a row know what the database made of it."""
    vars(row).update(returned)
    row._state.adding, row._state.db = False, "default"


@cache
def _columns(model: type[Model], without: Sequence[str]) -> list[tuple[str, bool]]:
    columns = [(str(field.column), isinstance(field, JSONField)) for field in model._meta.concrete_fields]
    return [(column, is_json) for column, is_json in columns if column not in without]


@cache
def _loaders(
    model: type[Model], without: Sequence[str]
) -> tuple[list[str], list[Callable[[Any], Any] | None]]:
    fields = [field for field in model._meta.concrete_fields if field.column not in without]
    return [field.attname for field in fields], [_loader(field) for field in fields]


def _loader(field: Field[Any, Any]) -> Callable[[Any], Any] | None:
    """What makes of a column's value what the field holds, or None where they are the same."""
    if isinstance(field, JSONField):
        return json.loads
    convert = getattr(field, "from_db_value", None)
    return convert and partial(convert, expression=None, connection=connection)
