"""What can be read off any database for Prometheus: each layer says its own in a module `metrics`.

Nothing is kept between two readings: every web process says the same, whichever is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, transaction

# Rows beyond so many are not counted: a reading must not grow with the tables.
MOST_COUNTED = 10_000
# A reading that takes longer would be the load that it is to warn of.
PATIENCE_MS = 1_000
Sample = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge: `query` yields the values of its labels and the number, a row each.

    `query` may use %(most)s, how many rows to count at most.
    """

    name: str
    says: str
    labels: Sequence[str]
    query: str

    def read(self) -> list[Sample] | None:
        """What the database says now; None when it does not say it in time."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
                cursor.execute(self.query, {"most": MOST_COUNTED})
                return list(cursor.fetchall())
        except DatabaseError:
            return None


def all_metrics() -> Iterator[Metric]:
    """Those of every installed app, in the order of the apps."""
    for app in apps.get_app_configs():
        if find_spec(f"{app.name}.metrics"):
            yield from import_module(f"{app.name}.metrics").METRICS
