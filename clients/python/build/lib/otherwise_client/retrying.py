"""Whether to send a call again, and when: pure, the clock and the dice are arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from otherwise_client.calls import Call

PASSING = (429, 502, 503, 504)
FIRST_PAUSE_S = 0.25
LONGEST_BACKOFF_S = 8.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came: nobody knows whether the request was carried out."""

    why: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try, and how long a pause between two tries may be (seconds)."""

    tries: float = 8
    longest_pause_s: float = 60


def is_worth_another(
    call: Call, happened: Reply | Lost, attempt: int, pause_s: float, patience: Patience
) -> bool:
    """Whether sending the same again as try number `attempt` is safe, may end otherwise, and is in time."""
    may_pass = isinstance(happened, Lost) or happened.status in PASSING
    return (
        may_pass and call.is_repeatable and attempt <= patience.tries and pause_s <= patience.longest_pause_s
    )


def pause_before(attempt: int, happened: Reply | Lost, *, jitter: float, now: datetime) -> float:
    """Seconds until try number `attempt` (2, 3, …): doubling, spread by `jitter` in [0, 1).

    Never sooner than the server's Retry-After asks for.
    """
    doubled = FIRST_PAUSE_S * 2.0 ** min(attempt - 2, 16)
    pause_s = min(doubled, LONGEST_BACKOFF_S) * (0.5 + jitter / 2)
    # A crowd that was told the same moment must not come back in the same moment.
    return max(pause_s, retry_after_s(happened, now) * (1 + jitter / 10))


def retry_after_s(happened: Reply | Lost, now: datetime) -> float:
    """What Retry-After asks for (seconds or a date); 0 when it asks for nothing."""
    text = happened.headers.get("retry-after", "").strip() if isinstance(happened, Reply) else ""
    if text.isascii() and text.isdigit():
        # Cut first: a number of a thousand digits is no duration.
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
