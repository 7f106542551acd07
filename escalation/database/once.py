"""Queries that are built once: building one takes the ORM several times what the answer takes PostgreSQL."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=Model)


class Place(Expression):
    """Where a value goes that is not known yet."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


@dataclass(frozen=True, slots=True)
class Built(Generic[Row]):
    """What the ORM makes of a queryset: what to send, and how to read what comes back."""

    sql: str
    parameters: Sequence[Any]
    converted: Callable[[Iterable[Sequence[Any]]], Iterable[Sequence[Any]]]
    row: Callable[[Sequence[Any]], Row]


class Once(Generic[Row]):
    """A query whose SQL is built when it is first asked, and that takes other values every time.

    `build` returns the queryset, and its parameters name the values: each is a Place, to stand on the right
    of a comparison. A value is what the column holds: an id, and not a row.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]]) -> None:
        self._build = build

    def all(self, **values: Any) -> list[Row]:
        """The rows for these values as the queryset would give them, related ones included."""
        built = self._built
        given = [values[each.name] if isinstance(each, Place) else each for each in built.parameters]
        with connection.cursor() as cursor:
            cursor.execute(built.sql, given)
            stored = cursor.fetchall()
        return [built.row(each) for each in built.converted(stored)]

    def first(self, **values: Any) -> Row | None:
        """The first of them, or None."""
        return next(iter(self.all(**values)), None)

    @cached_property
    def _built(self) -> Built[Row]:
        places = {name: Place(name) for name in inspect.signature(self._build).parameters}
        # The connection is that of whatever thread asks: it is looked up each time.
        compiler: Any = self._build(**places).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([expression for expression, *_ in compiler.select])
        converted = partial(compiler.apply_converters, converters=converters)
        return Built(sql, parameters, converted, _reader(compiler))


def _reader(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    # What django.db.models.query.ModelIterable finds out anew for every query.
    select, known = compiler.select, compiler.klass_info
    model, first, end = known["model"], known["select_fields"][0], known["select_fields"][-1] + 1
    fields = [expression.target.attname for expression, *_ in select[first:end]]
    related = get_related_populators(known, select, "default")  # type: ignore[call-arg]  # of a later Django
    annotated = compiler.annotation_col_map or {}

    def read(stored: Sequence[Any]) -> Model:
        row: Model = model.from_db("default", fields, stored[first:end])
        for populator in related:
            populator.populate(stored, row)
        for name, column in annotated.items():
            setattr(row, name, stored[column])
        return row

    return read
