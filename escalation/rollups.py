"""What is counted by day for the charts: each layer says its own in a module `rollups`.

A chart over a year must not read a million rows: a tick counts them once, by day, and charts add up the days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.db import connection

# What a first row is looked for with: by halving the ids, which come in the order of the clock, or nearly so.
FIRST_SINCE = """
WITH RECURSIVE ends(low, high) AS (
    SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM {table}
UNION ALL
    SELECT CASE WHEN older THEN middle + 1 ELSE low END, CASE WHEN older THEN high ELSE middle END
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM ends WHERE low < high) AS halves
    CROSS JOIN LATERAL (
        SELECT {clock} < %s::date - interval '1 hour' AS older FROM {table}
        WHERE id >= middle ORDER BY id LIMIT 1
    ) AS found
)
SELECT max(low) FROM ends
"""
# Seconds fall into steps that double every second time, so that steps of many queues can be added up.
STEP = "least(60, floor(2 * log(2, greatest(1, extract(epoch FROM {duration})::numeric))))::text"


@dataclass(frozen=True, slots=True)
class Rollup:
    """A measure by day: `query` yields day, queue, agent, label, number and total, for source rows `s`.

    It may use %(first)s, the least id of the source that can matter, and the days (UTC) %(since)s and
    %(until)s.
    """

    measure: str
    table: str
    clock: str
    query: str

    def first_since(self, day: date) -> int:
        """The first id of the source of that day, or a little before."""
        with connection.cursor() as cursor:
            cursor.execute(FIRST_SINCE.format(table=self.table, clock=self.clock), [day])
            (first,) = cursor.fetchone()
        return int(first)


def all_rollups() -> Iterator[Rollup]:
    """Those of every installed app, in the order of the apps."""
    for app in apps.get_app_configs():
        if find_spec(f"{app.name}.rollups"):
            yield from import_module(f"{app.name}.rollups").ROLLUPS


def day_of(clock: str) -> str:
    """The day of a moment, in UTC, as SQL."""
    return f"({clock} AT TIME ZONE 'UTC')::date"


def within(clock: str) -> str:
    """Whether a moment lies in the days that are counted, as SQL."""
    return f"{clock} >= %(since)s::date AT TIME ZONE 'UTC' AND {clock} < %(until)s::date AT TIME ZONE 'UTC'"
