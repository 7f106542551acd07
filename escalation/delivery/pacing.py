"""When what a channel has to say may leave: digests, a rate limit, quiet hours (PURE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

WINDOW = timedelta(hours=1)
# How long to wait after each failed try; then what was to be said is given up.
PAUSES_S = (10, 60, 300, 1_800, 7_200)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often somebody wants to hear: `digest` gathers, and nothing comes in the quiet hours."""

    digest: timedelta = timedelta()
    most_per_hour: int = 20
    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: tzinfo = UTC


def leaves_at(pace: Pace, moment: datetime, oldest: datetime, sent: Sequence[datetime]) -> datetime:
    """When the waiting news may leave as one message, at `moment` or later.

    `oldest` is since when the first of it waits, `sent` the moments of the messages of the last hour. What is
    held back by the rate is not lost: it leaves together when the hour has room again.
    """
    at = max(moment, oldest + pace.digest)
    recent = sorted(each for each in sent if each > moment - WINDOW)
    if len(recent) >= pace.most_per_hour:
        at = max(at, recent[-pace.most_per_hour] + WINDOW)
    return _after_quiet(pace, at)


def _after_quiet(pace: Pace, at: datetime) -> datetime:
    start, end = pace.quiet_from, pace.quiet_until
    if start is None or end is None or start == end:
        return at
    local = at.astimezone(pace.zone)
    clock = local.time()
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return at
    day = local.date() if clock < end else local.date() + timedelta(days=1)
    # An end that the clock jumps over is the first moment after the jump.
    return max(at, datetime.combine(day, end, pace.zone).astimezone(UTC))


def pause_after(failures: int) -> timedelta | None:
    """How long to wait after so many failures in a row; None when that was the last try."""
    return timedelta(seconds=PAUSES_S[failures - 1]) if failures <= len(PAUSES_S) else None
