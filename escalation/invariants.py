"""What must hold in any database, at any moment: each layer says its own in a module `invariants`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import connection


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence, and how to find what makes it false: a name for each, such as "escalation 7"."""

    sentence: str
    breaches: Callable[[], list[str]]


def in_sql(sentence: str, query: str, **params: Any) -> Invariant:
    """An invariant whose breaches are the first column of `query`."""

    def breaches() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            return [str(row[0]) for row in cursor.fetchall()]

    return Invariant(sentence, breaches)


def never_edited(sentence: str, *tables: str) -> Invariant:
    """An invariant that holds while the trigger that refuses to edit is on duty on every table."""
    query = """
        SELECT 'table ' || wanted FROM unnest(%(tables)s::text[]) wanted WHERE NOT EXISTS (
            SELECT FROM pg_trigger t
            WHERE t.tgrelid = wanted::regclass AND t.tgname = 'never_edited' AND t.tgenabled IN ('O', 'A')
        )
    """
    return in_sql(sentence, query, tables=list(tables))


def all_invariants() -> Iterator[Invariant]:
    """Those of every installed app, in the order of the apps."""
    for app in apps.get_app_configs():
        if find_spec(f"{app.name}.invariants"):
            yield from import_module(f"{app.name}.invariants").INVARIANTS
