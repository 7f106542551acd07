"""The statements of every turn, built once: building one takes the ORM longer than PostgreSQL to run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import JSONField, Model

from agents.storable import Verbatim
from escalation.queue.models.rows import names

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on the database's clock, counted from the statement that writes it."""

    after: timedelta = timedelta()


def select(model: type[Row], rest: str, terms: Sequence[Any] = ()) -> list[Row]:
    """The rows that `rest` leaves of the model's table, as the ORM would read them."""
    table = model._meta.db_table
    return [
        row_of(model, stored)
        for stored in fetched(f"SELECT {names(model, of=table)} FROM {table} {rest}", terms)
    ]


def fetched(statement: str, terms: Sequence[Any] | Mapping[str, Any] = ()) -> list[Sequence[Any]]:
    """What a statement gives, row by row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, terms)
        return list(cursor.fetchall())


def row_of(model: type[Row], stored: Sequence[Any]) -> Row:
    """The row whose columns, in the order of `names`, hold what is `stored`."""
    columns, loaders = _columns(model)
    held = [
        value if load is None or value is None else load(value)
        for load, value in zip(loaders, stored, strict=True)
    ]
    return model.from_db("default", columns, held)


def update(row: Model, changes: Mapping[str, Any], condition: str, terms: Sequence[Any] = ()) -> bool:
    """Write `changes` to the row, and to the row in memory, if `condition` holds; returns whether it did."""
    moments = tuple(isinstance(value, Moment) for value in changes.values())
    statement = _update(type(row), tuple(changes), moments, condition)
    given = [_prepared(row, name, value) for name, value in changes.items()]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, row.pk, *terms])
        written = bool(cursor.rowcount)
    if written:
        _remember(row, changes)
    return written


@cache
def _columns(model: type[Model]) -> tuple[list[str], list[Callable[[str], Any] | None]]:
    fields = model._meta.concrete_fields
    loaders: list[Callable[[str], Any] | None] = [
        json.loads if isinstance(field, JSONField | Verbatim) else None for field in fields
    ]
    return [field.attname for field in fields], loaders


@cache
def _update(model: type[Model], columns: tuple[str, ...], moments: tuple[bool, ...], condition: str) -> str:
    table = model._meta.db_table
    sets = ", ".join(
        f'"{model._meta.get_field(name).column}" = {"statement_timestamp() + %s" if moment else "%s"}'  # type: ignore[union-attr]
        for name, moment in zip(columns, moments, strict=True)
    )
    return f"UPDATE {table} SET {sets} WHERE {table}.id = %s AND {condition}"


def _prepared(row: Model, name: str, value: Any) -> Any:
    if isinstance(value, Moment):
        return value.after
    value = value.pk if isinstance(value, Model) else value
    return row._meta.get_field(name).get_db_prep_save(value, connection)  # type: ignore[union-attr]


def _remember(row: Model, changes: Mapping[str, Any]) -> None:
    """Let the row in memory hold what was written; what the database's clock said is read if asked for."""
    for name, value in changes.items():
        if isinstance(value, Moment):
            row.__dict__.pop(name, None)
        else:
            setattr(row, name, value)
