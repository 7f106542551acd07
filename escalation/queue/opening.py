"""What ops write of a review queue's hours, as text, and what is wrong with it (PURE)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from escalation.queue.hours import DAYS, MIDNIGHT

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
SPAN = re.compile(r"\s*(\d\d:\d\d)\s*-\s*(\d\d:\d\d)\s*")
RANGE = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:\s*to\s*(\d{4}-\d\d-\d\d))?\s*(.*)")


def faults_of_week(week: Any) -> list[str]:
    """What is wrong with {day: [[from, until], …]}, a sentence each."""
    if not isinstance(week, Mapping):
        return ["not a table of weekdays"]
    strangers = [f"{day}: not a weekday; choose among {', '.join(DAYS)}" for day in week if day not in DAYS]
    return strangers + [fault for day in DAYS for fault in _faults_of_day(day, week.get(day, []))]


def _faults_of_day(day: str, spans: Any) -> list[str]:
    pairs = spans if isinstance(spans, Sequence) and not isinstance(spans, str) else [None]
    if not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_clock, pair)) for pair in pairs
    ):
        return [f"{day}: write spans like 09:00-17:30"]
    ordered = sorted(map(tuple, pairs))
    if any(opens >= shuts for opens, shuts in ordered):
        return [
            f"{day}: a span must end after it begins; write a night as two spans, 22:00-24:00 and 00:00-06:00"
        ]
    if any(after[0] < before[1] for before, after in pairwise(ordered)):
        return [f"{day}: two spans overlap"]
    return []


def _is_clock(text: Any) -> bool:
    return isinstance(text, str) and (text == MIDNIGHT or CLOCK.fullmatch(text) is not None)


def faults_of_closures(closed: Any) -> list[str]:
    """What is wrong with [{from, until, note}], a sentence each."""
    if not isinstance(closed, list) or not all(isinstance(away, Mapping) for away in closed):
        return ["not a list of days"]
    return [fault for away in closed for fault in _faults_of_closure(away)]


def _faults_of_closure(away: Mapping[str, Any]) -> list[str]:
    try:
        first, last = date.fromisoformat(str(away.get("from"))), date.fromisoformat(str(away.get("until")))
    except ValueError:
        return ["write days like 2026-12-24, or 2026-12-24 to 2026-12-26"]
    return [] if first <= last else [f"{first} to {last}: it ends before it begins"]


def read_spans(text: str) -> list[list[str]] | None:
    """`09:00-12:00, 13:00-17:30` as pairs; none for an empty text; None when it cannot be read."""
    found = [SPAN.fullmatch(part) for part in text.split(",") if part.strip()]
    return [[span[1], span[2]] for span in found if span] if all(found) else None


def write_spans(spans: Sequence[Sequence[str]]) -> str:
    return ", ".join(f"{opens}-{shuts}" for opens, shuts in spans)


def read_closures(text: str) -> list[dict[str, str]] | None:
    """A line each: `2026-12-24 to 2026-12-26 Christmas`; None when one cannot be read."""
    found = [RANGE.fullmatch(line) for line in text.splitlines() if line.strip()]
    if not all(found):
        return None
    return [{"from": away[1], "until": away[2] or away[1], "note": away[3].strip()} for away in found if away]


def write_closures(closed: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(f"{away['from']} to {away['until']} {away.get('note', '')}".strip() for away in closed)
