"""The statements of every turn, built once: building one takes the ORM longer than PostgreSQL to run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

from escalation.database.rows import names, read

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on the database's clock, counted from the statement that writes it."""

    after: timedelta = timedelta()


def select(model: type[Row], rest: str, terms: Sequence[Any] = ()) -> list[Row]:
    """The rows that `rest` leaves of the model's table, as the ORM would read them."""
    table = model._meta.db_table
    return [
        read(model, stored)
        for stored in fetched(f"SELECT {names(model, of=table)} FROM {table} {rest}", terms)
    ]


def fetched(statement: str, terms: Sequence[Any] | Mapping[str, Any] = ()) -> list[Sequence[Any]]:
    """What a statement gives, row by row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, terms)
        return list(cursor.fetchall())


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
