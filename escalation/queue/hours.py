"""When a review queue is worked on, and when a deadline counted in those hours has come (PURE).

Moments are aware datetimes; spans are local times of the queue's zone, so that a day of 23 or 25 hours counts
for what was really worked in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = "24:00"
# A deadline that is further away than this says nothing about when somebody should have looked.
FURTHEST = timedelta(days=3660)

Span = tuple[str, str]  # "09:00", "17:30": from, until; "24:00" is the end of the day
Closure = tuple[date, date]  # first and last day


@dataclass(frozen=True, slots=True)
class Hours:
    """The spans of each weekday in a zone, and the days on which nobody is there; no spans: always open."""

    zone: ZoneInfo
    week: Mapping[str, Sequence[Span]]
    closed: Sequence[Closure] = ()

    @classmethod
    def read(cls, week: Mapping[str, Any], zone: str, closed: Sequence[Mapping[str, str]]) -> Hours:
        """From the columns of a review queue, which were checked by `faults` when they were saved."""
        days = {day: [(str(opens), str(shuts)) for opens, shuts in spans] for day, spans in week.items()}
        ranges = [(date.fromisoformat(away["from"]), date.fromisoformat(away["until"])) for away in closed]
        return cls(ZoneInfo(zone), {day: spans for day, spans in days.items() if spans}, ranges)

    @property
    def always_open(self) -> bool:
        return not self.week and not self.closed


def due(start: datetime, allowed: timedelta, hours: Hours) -> datetime:
    """The moment at which `allowed` has been worked since `start`: in UTC, at most ten years away."""
    if hours.always_open or allowed <= timedelta():
        return start + min(allowed, FURTHEST)
    left = allowed
    for opens, shuts in _spans(start, start + FURTHEST, hours):
        if shuts - opens >= left:
            return opens + left
        left -= shuts - opens
    return start.astimezone(UTC) + FURTHEST


def worked(start: datetime, end: datetime, hours: Hours) -> timedelta:
    """How much of the time from `start` to `end` is in the hours."""
    if hours.always_open:
        return max(end - start, timedelta())
    return sum((shuts - opens for opens, shuts in _spans(start, end, hours)), timedelta())


def is_open(moment: datetime, hours: Hours) -> bool:
    return hours.always_open or any(_spans(moment, moment + timedelta(microseconds=1), hours))


def _spans(start: datetime, end: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """The open spans between two moments, in UTC, in order and without overlap."""
    reached = start.astimezone(UTC)
    end = end.astimezone(UTC)
    day = reached.astimezone(hours.zone).date() - timedelta(days=1)
    last = end.astimezone(hours.zone).date()
    while day <= last:
        for opens, shuts in _spans_of(day, hours):
            opens, shuts = max(opens, reached), min(shuts, end)
            if opens < shuts:
                yield opens, shuts
                reached = shuts
        day += timedelta(days=1)


def _spans_of(day: date, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    if any(first <= day <= last for first, last in hours.closed):
        return
    every = {name: [("00:00", MIDNIGHT)] for name in DAYS}
    for opens, shuts in sorted((hours.week or every).get(DAYS[day.weekday()], ())):
        # An hour that comes twice is worked twice: opened at its first coming, shut at its second.
        yield _moment(day, opens, hours.zone, fold=0), _moment(day, shuts, hours.zone, fold=1)


def _moment(day: date, clock: str, zone: ZoneInfo, *, fold: int) -> datetime:
    if clock == MIDNIGHT:
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone).replace(fold=fold).astimezone(UTC)
